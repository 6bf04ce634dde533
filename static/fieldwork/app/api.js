// Talks with /field/api/. Nothing but the portal's own answer counts (portal.js).
import { asker, Busy, Stranger } from "./portal.js";
import { learn } from "./time.js";

export { Busy, Offline, SignedOut, Stranger, Unreachable } from "./portal.js";

// "online", "offline", "foreign", "busy" or "signed_out", by what came of the last question.
export const connection = { state: navigator.onLine ? "online" : "offline", watch: () => {} };
// What this phone says of itself with each question (outbox.js).
export const said = { unsent: "" };

export function found(state) {
  if (connection.state === state) return;
  connection.state = state;
  connection.watch(state);
}

export async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const ask = asker({
  fetch: (address, options) => fetch(address, options),
  digest,
  id: () => crypto.randomUUID(),
  phoneTime: () => new Date().toISOString(), // the phone's own: what it is off by is kept (fault 19)
  unsent: () => said.unsent,
  heard: (state, body) => {
    if (state === "online") learn(body.echo.at);
    found(state);
  },
});

// Who is signed in, with a fresh token for writing.
export async function who() {
  const { status, body } = await ask("who/");
  if (status === 404 || status === 403) {
    found("signed_out");
    throw new Stranger();
  }
  if (status !== 200) throw new Busy(`who: ${status}`);
  return body;
}
