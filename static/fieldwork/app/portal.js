// Whose answer is it? Nothing on this phone changes by an answer that isn't the portal's own (fault 65).
// No document, no database, no clock of its own: tests run this in Node as it is.

// Nothing came back: no coverage, a broken connection, a time-out.
export class Offline extends Error {}
// Somebody else answered: a hotel's sign-in page, a proxy's error, another program at this address.
export class Unreachable extends Offline {}
// The portal, or the proxy in front of it, can't take it now. `seconds`: when it asks to be tried again, if it says so.
export class Busy extends Error {
  constructor(words, seconds = 0) {
    super(words);
    this.seconds = seconds;
  }
}
export class SignedOut extends Error {}
// Somebody is signed in who is no technician: to them this phone shows nothing.
export class Stranger extends SignedOut {}

const OURS = /^application\/(problem\+)?json\s*(;|$)/i;
const isObject = (body) => typeof body === "object" && body !== null && !Array.isArray(body);

// The one place that decides. The portal repeats the number of the request and the hash of what arrived, which no
// one else knows; what it acknowledges bears the ids of what was sent (`expects`). Gives "own", "signed_out", "busy" or "foreign".
export function judge({ status, type, body }, { request, hash, expects = {} }) {
  if (status >= 500 || status === 408 || status === 429) return "busy";
  if (!OURS.test(type ?? "") || !isObject(body)) return "foreign";
  if (body.echo?.request !== request || body.echo?.hash !== hash) return "foreign";
  if (status === 401) return "signed_out";
  if (status < 200 || (status >= 300 && status < 400)) return "foreign";
  const isAcknowledged = status === 200 || status === 201;
  if (isAcknowledged && Object.entries(expects).some(([name, value]) => String(body[name]) !== String(value))) return "foreign";
  return "own";
}

async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  const text = await response.text();
  try {
    return { type, body: JSON.parse(text) };
  } catch {
    return { type, body: null };
  }
}

const THROWN = { foreign: Unreachable, signed_out: SignedOut };
const NO_BODY = new Uint8Array();

// `ask(path, options)`: a question to the portal. Gives { status, body } of its own answer, else throws one of the above.
// `heard` is called with what came of it: "online", "offline", "foreign", "busy" or "signed_out".
export function asker({ fetch, digest, id, phoneTime, unsent, heard, timeout = (ms) => AbortSignal.timeout(ms), base = "/field/api/", seconds: usual = 30 }) {
  return async function ask(path, { method = "GET", json, bytes, headers = {}, csrf, expects, seconds = usual } = {}) {
    const sent = bytes ?? (json === undefined ? NO_BODY : new TextEncoder().encode(JSON.stringify(json)));
    const asked = { request: id(), hash: await digest(sent), expects };
    const said = {
      Accept: "application/json", ...headers,
      "X-Phone-Request": asked.request, "X-Phone-Time": phoneTime(), "X-Phone-Unsent": unsent(),
    };
    if (csrf) said["X-CSRFToken"] = csrf;
    if (json !== undefined) said["Content-Type"] = "application/json";
    if (bytes) said["Content-Type"] = "application/offset+octet-stream";
    const { response, type, body } = await talk(`${base}${path}`, { method, headers: said, body: sent.byteLength ? sent : undefined, seconds });
    const verdict = judge({ status: response.status, type, body }, asked);
    heard(verdict === "own" ? "online" : verdict, body);
    if (verdict === "busy") throw new Busy(String(response.status), Number(response.headers.get("Retry-After")) || 0);
    if (verdict !== "own") throw new THROWN[verdict](`${method} ${path}: ${response.status}`);
    return { status: response.status, body };
  };

  // A redirect is never followed: it leads to a sign-in page of somebody's.
  async function talk(address, { seconds, ...options }) {
    try {
      const response = await fetch(address, {
        ...options, credentials: "same-origin", cache: "no-store", redirect: "manual", signal: timeout(seconds * 1000),
      });
      return { response, ...(await read(response)) };
    } catch (error) {
      heard("offline");
      throw new Offline(String(error));
    }
  }
}
