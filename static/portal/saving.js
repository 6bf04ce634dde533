/**
 * Saves for a page's scripts. What is no answer of the portal's is a `Failure` that names its cause: `trouble` says it
 * on the page with what to do, and asks to go on once the cause may be gone (fault 64).
 */
const PATIENCE = 30_000;
const SHORTEST_PAUSE = 3000;
const LONGEST_PAUSE = 60_000;
// Causes that pass without anybody's doing.
const PASSES = new Set(["offline", "unreachable", "busy", "server"]);
const BY_STATUS = { 401: "signedOut", 403: "forbidden", 404: "forbidden", 409: "conflict", 413: "tooLarge", 429: "busy" };

export class Failure extends Error {
  constructor(cause, { message = "", code = "", pause = 0 } = {}) {
    super(message || cause);
    Object.assign(this, { cause, code, said: message, pause });
  }
}

const place = document.querySelector("[data-save-trouble]");
const channel = new BroadcastChannel("portal");

/** Posts a form's body. Gives the portal's own answer: a success, or 422 for what it could not read. */
export async function post(address, body, { keepalive = false, accepts = "json" } = {}) {
  const response = await sent(address, body, keepalive);
  if (response.status === 403 && (await said(response.clone())).code === "token_refused") {
    body.set("csrfmiddlewaretoken", await freshToken());
    return checked(await sent(address, body, keepalive), accepts);
  }
  return checked(response, accepts);
}

async function sent(address, body, keepalive) {
  const options = { method: "POST", body, headers: { "X-Saves-Here": "1", "X-Waits-Here": "1" }, cache: "no-store" };
  if (keepalive) options.keepalive = true;
  else if (!(body instanceof FormData)) options.signal = AbortSignal.timeout(PATIENCE);
  try {
    return await fetch(address, options);
  } catch {
    throw new Failure(navigator.onLine ? "unreachable" : "offline");
  }
}

async function checked(response, accepts) {
  if (response.redirected) throw new Failure(isSignIn(response.url) ? "signedOut" : "unreachable");
  const isOurs = (response.headers.get("Content-Type") ?? "").includes(accepts);
  if ((response.ok || response.status === 422) && (isOurs || response.status === 202)) return response;
  if (response.ok) throw new Failure("unreachable");
  const { code, message, failed } = await said(response);
  const cause = BY_STATUS[response.status] ?? (response.status >= 500 ? "server" : "unreadable");
  throw new Failure(cause, { code, message: message ?? failed, pause: Number(response.headers.get("Retry-After")) * 1000 });
}

async function said(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  return isJson ? response.json().catch(() => ({})) : {};
}

function isSignIn(address) {
  return new URL(address).pathname.startsWith("/accounts/");
}

/** The token of a new sign-in, for every form of this page; only for the person whose page it is. */
async function freshToken() {
  let response;
  try {
    response = await fetch(place.dataset.token, { headers: { Accept: "application/json" }, cache: "no-store" });
  } catch {
    throw new Failure(navigator.onLine ? "unreachable" : "offline");
  }
  if (response.redirected || response.status === 401) throw new Failure("signedOut");
  const { token, person } = await said(response);
  if (!token) throw new Failure("unreachable");
  if (String(person) !== place.dataset.person) throw new Failure("otherPerson");
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => { field.value = token; });
  return token;
}

/** Says why nothing is saved; `again` is called when it's worth another try. */
class Trouble {
  constructor() {
    this.again = new Map(); // by who asked
    this.timer = 0;
    this.pause = SHORTEST_PAUSE;
    this.cause = "";
    if (!place) return;
    place.querySelector("[data-save-again]").addEventListener("click", () => this.retry());
    window.addEventListener("online", () => this.retry());
    window.addEventListener("focus", () => this.cause === "signedOut" && this.retry());
    channel.addEventListener("message", ({ data }) => data === "signed-in" && this.retry());
  }

  get words() {
    return place.dataset;
  }

  get isThere() {
    return this.again.size > 0;
  }

  show(asker, failure, again) {
    this.again.set(asker, again);
    this.cause = failure.cause;
    const { [failure.cause]: words, kept } = place.dataset;
    const isRefused = failure.cause === "conflict" || failure.cause === "forbidden";
    const text = [(isRefused && failure.said) || words, kept].join(" ");
    const line = place.querySelector("[data-save-words]");
    if (line.textContent !== text) line.textContent = text;
    place.querySelector("[data-save-sign-in]").hidden = !["signedOut", "otherPerson"].includes(failure.cause);
    place.hidden = false;
    window.clearTimeout(this.timer);
    if (!PASSES.has(failure.cause)) return;
    this.timer = window.setTimeout(() => this.retry(), failure.pause || this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  clear(asker) {
    this.again.delete(asker);
    if (this.isThere || !place) return;
    window.clearTimeout(this.timer);
    this.pause = SHORTEST_PAUSE;
    this.cause = "";
    place.hidden = true;
  }

  retry() {
    window.clearTimeout(this.timer);
    [...this.again.values()].forEach((again) => again());
  }
}

export const trouble = new Trouble();
