/**
 * Saves a step of the request form as it is filled in.
 *
 * One save is sent after the other. Each names the page, its own number and the version that the last answer named, so
 * that the server knows a late one, and what somebody else wrote since. "Saved" is said only when the server has all
 * that was typed.
 */
import { Failure, post, trouble } from "../portal/saving.js";
import { Questions } from "./questions.js";
import { Unsaved } from "./unsaved.js";

// Half a value would be looked up, or written to: these go when they are left, or with a button.
const WHOLE_ONLY = new Set(["account_number", "customer_name", "zip_code", "customer_email"]);

class Autosave {
  constructor(form) {
    this.form = form;
    this.questions = new Questions(form);
    this.unsaved = new Unsaved(form.dataset.person);
    this.typing = new Set(); // begun, and not left yet
    this.waiting = new Set(); // to be sent
    this.sent = []; // under way
    this.refused = new Set(); // what the server could not read
    this.flight = null;
    this.turn = 0;
    this.before = ""; // the page in this tab whose answers it took over
    this.isLeaving = false;
    this.isDead = false; // what is typed can't be saved from this page
    this.page = [...window.crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.listen();
    this.restore();
  }

  listen() {
    this.form.addEventListener("input", (event) => this.typed(event.target));
    this.form.addEventListener("change", (event) => this.changed(event.target));
    this.form.addEventListener("focusout", (event) => this.typing.has(event.target.name) && this.changed(event.target));
    this.form.addEventListener("submit", (event) => this.submit(event));
    window.addEventListener("pagehide", () => this.flush());
    window.addEventListener("beforeunload", (event) => {
      const isHeld = [...this.typing].some((name) => WHOLE_ONLY.has(name));
      if (!this.isLeaving && (isHeld || this.isDead || (trouble.isThere && this.waiting.size))) event.preventDefault();
    });
    // A page that comes back from the browser's history may be old; what waits on it goes first.
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.isLeaving = false;
      if (this.waiting.size || this.typing.size) this.send();
      else window.location.reload();
    });
  }

  typed(control) {
    if (!control.closest("[data-field]")) return;
    this.typing.add(control.name);
    this.say("");
    this.remember();
  }

  changed(control) {
    if (!control.closest("[data-field]")) return;
    this.typing.delete(control.name);
    this.waiting.add(control.name);
    this.remember();
    this.send();
  }

  /** Resolves to whether the server has everything. */
  send() {
    this.flight ??= this.sendAll().finally(() => { this.flight = null; });
    return this.flight;
  }

  async sendAll() {
    while (this.waiting.size) {
      this.sent = [...this.waiting];
      this.waiting.clear();
      this.say(this.form.dataset.saving);
      try {
        const response = await post(this.address, this.body(this.sent));
        this.show(await response.json(), this.sent);
        this.isDead = false;
        trouble.clear(this);
      } catch (failure) {
        this.sent.forEach((name) => this.waiting.add(name));
        this.failed(failure instanceof Failure ? failure : new Failure("unreachable"));
        return false;
      } finally {
        this.sent = [];
      }
      this.remember();
    }
    return true;
  }

  failed(failure) {
    if (failure.code === "stale_version") {
      this.handOver();
      return;
    }
    this.isDead = failure.cause === "conflict" || failure.cause === "forbidden";
    this.say(trouble.words.unsaved, true);
    trouble.show(this, failure, () => this.send());
  }

  get address() {
    return this.form.getAttribute("action") || window.location.pathname;
  }

  body(names) {
    this.turn += 1;
    const { csrfmiddlewaretoken, version } = this.form.elements;
    const body = new URLSearchParams({
      autosave: "1", csrfmiddlewaretoken: csrfmiddlewaretoken.value, version: version.value, page: this.page, turn: this.turn,
      before: this.before,
    });
    names.forEach((name) => {
      const value = this.questions.value(name);
      if (value === null) return; // nobody made that choice
      body.append("changed", name);
      body.append(name, value);
    });
    this.questions.all.forEach((question) => body.append("shown", question.dataset.field));
    return body;
  }

  /** The page goes away: what waits is sent without waiting for an answer. A later number makes an earlier save void. */
  flush() {
    const names = new Set([...this.sent, ...this.waiting, ...[...this.typing].filter((name) => !WHOLE_ONLY.has(name))]);
    if (this.isLeaving || this.isDead || names.size === 0) return;
    post(this.address, this.body([...names]), { keepalive: true }).catch((failure) => this.failed(failure));
  }

  /** A button waits until all that was typed is saved; where it can't be, the page stays and says why. */
  async submit(event) {
    if (this.isLeaving) return;
    event.preventDefault();
    if (this.submitter) return;
    this.submitter = event.submitter ?? this.form.querySelector("[type=submit]");
    this.typing.forEach((name) => this.waiting.add(name));
    this.typing.clear();
    await new Promise((done) => { setTimeout(done); }); // a browser ignores a submit while this one is still told
    let isSaved = await this.send();
    if (isSaved && !navigator.onLine) {
      this.failed(new Failure("offline"));
      isSaved = false;
    }
    const { submitter } = this;
    this.submitter = null;
    if (isSaved && submitter.isConnected) this.leave(() => this.form.requestSubmit(submitter));
  }

  leave(go) {
    this.turn += 1;
    for (const [name, value] of Object.entries({ page: this.page, turn: this.turn, before: this.before })) {
      const field = this.form.elements[name] ?? Object.assign(document.createElement("input"), { type: "hidden", name });
      field.value = value;
      this.form.append(field);
    }
    this.isLeaving = true;
    this.unsaved.keep([]);
    go();
  }

  /** Somebody else wrote the same answer: the server shows both, with all that is typed here. */
  handOver() {
    const stay = Object.assign(document.createElement("input"), { type: "hidden", name: "go", value: "stay" });
    this.form.append(stay);
    this.leave(() => this.form.submit());
  }

  show(answer, names) {
    this.form.elements.version.value = answer.version;
    const live = document.querySelector("[data-live]");
    if (live.innerHTML.trim() !== answer.live.trim()) live.innerHTML = answer.live;
    if ("account" in answer) document.querySelector("[data-account]").innerHTML = answer.account;
    this.showQuestion(answer.question);
    names.forEach((name) => this.refused.delete(name));
    Object.entries(answer.errors).forEach(([name, html]) => {
      if (html) this.refused.add(name);
      if (!this.isTyped(name)) this.showErrors(name, html);
    });
    if (answer.fields) this.showFields(answer);
    if (this.refused.size) this.say(this.form.dataset.refused, true);
    else this.say(this.waiting.size || this.typing.size ? "" : answer.saved);
  }

  isTyped(name) {
    return this.typing.has(name) || this.waiting.has(name);
  }

  /** About the panel's model. It is left alone where it did not change: a finger may be on its button. */
  showQuestion(html) {
    const place = this.form.querySelector("[data-panel-question]");
    if (place && html !== undefined && place.innerHTML.trim() !== html.trim()) place.innerHTML = html;
  }

  showErrors(name, html) {
    const field = this.questions.question(name);
    const [control, ...others] = this.questions.controls(name);
    if (!control) return;
    field.querySelectorAll(".usa-error-message").forEach((error) => error.remove());
    field.firstElementChild.classList.toggle("usa-form-group--error", Boolean(html));
    const told = others.length ? control.closest("fieldset") : control;
    const described = new Set((told.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    described[html ? "add" : "delete"](`id_${name}_error`);
    if (described.size) told.setAttribute("aria-describedby", [...described].join(" "));
    else told.removeAttribute("aria-describedby");
    if (html) {
      (told === control ? (control.closest(".usa-checkbox") ?? control) : (told.querySelector("legend + *") ?? control))
        .insertAdjacentHTML("beforebegin", html);
      control.setAttribute("aria-invalid", "true");
    } else {
      control.removeAttribute("aria-invalid");
    }
  }

  /** Questions came or went. Those that come back with an answer that never reached the server send it again. */
  showFields(answer) {
    const steps = document.querySelector("[data-form-steps]");
    if (!steps.contains(document.activeElement)) steps.outerHTML = answer.steps;
    const isTyped = (name) => this.isTyped(name) || this.refused.has(name);
    this.questions.become(answer.fields, isTyped).forEach((name) => this.waiting.add(name));
    for (const names of [this.waiting, this.typing, this.refused]) {
      names.forEach((name) => { if (!this.questions.question(name)) names.delete(name); });
    }
  }

  remember() {
    const names = [...new Set([...this.sent, ...this.waiting, ...this.typing])];
    const fields = names.map((name) => [name, this.questions.value(name)]).filter(([, value]) => value !== null);
    this.unsaved.keep(fields, this.page, this.form.elements.version.value);
  }

  restore() {
    const kept = this.unsaved.read();
    const fields = kept.fields.filter(([name, value]) => this.questions.question(name) && this.questions.value(name) !== value);
    if (fields.length === 0) return;
    // Typed on an earlier version: what somebody else wrote since isn't overwritten.
    Object.assign(this, { before: kept.page });
    this.form.elements.version.value = kept.version;
    fields.forEach(([name, value]) => {
      this.questions.fill(name, value);
      this.waiting.add(name);
    });
    this.send();
  }

  say(words, failed = false) {
    const mark = this.form.querySelector("[data-saved]");
    if (mark.textContent !== words) mark.textContent = words;
    mark.classList.toggle("form-saved--failed", failed);
  }
}

const form = document.querySelector("form[data-autosave]");
if (form && !("conflict" in form.dataset)) new Autosave(form);
