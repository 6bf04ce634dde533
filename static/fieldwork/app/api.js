// Talks with /field/api/. What is no answer of the portal's (no coverage, a time-out, a hotel's sign-in page) is
// `Offline`: what waits goes on waiting.
export class Offline extends Error {}
export class SignedOut extends Error {}

const SECONDS = 30;

// "online", "offline" or "signed_out", by what came of the last question.
export const connection = { state: navigator.onLine ? "online" : "offline", watch: () => {} };

export function found(state) {
  if (connection.state === state) return;
  connection.state = state;
  connection.watch(state);
}

export async function ask(path, { method = "GET", json, bytes, headers = {}, csrf, seconds = SECONDS } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (csrf) Object.assign(sent, { "X-CSRFToken": csrf, "X-Phone-Time": new Date().toISOString() }); // fault 19
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (bytes) sent["Content-Type"] = "application/offset+octet-stream";
  let response;
  let body;
  try {
    response = await fetch(`/field/api/${path}`, {
      method, headers: sent, body: json === undefined ? bytes : JSON.stringify(json),
      credentials: "same-origin", cache: "no-store", redirect: "error", signal: AbortSignal.timeout(seconds * 1000),
    });
    body = await read(response);
  } catch (error) {
    found("offline");
    throw new Offline(String(error));
  }
  if (response.ok && body === null) {
    found("offline");
    throw new Offline("not the portal's answer");
  }
  found(response.status === 401 ? "signed_out" : "online");
  if (response.status === 401) throw new SignedOut();
  return { status: response.status, body: body ?? {} };
}

async function read(response) {
  if (!(response.headers.get("Content-Type") ?? "").includes("json")) {
    await response.arrayBuffer();
    return null;
  }
  return response.json();
}

// Somebody is signed in who is no technician: to them this phone shows nothing.
export class Stranger extends SignedOut {}

// Who is signed in, with a fresh token for writing.
export async function who() {
  const { status, body } = await ask("who/");
  if (status === 404 || status === 403) {
    found("signed_out");
    throw new Stranger();
  }
  if (status !== 200) throw new Offline(`who: ${status}`);
  return body;
}
