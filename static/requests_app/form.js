/**
 * Saves a step of the request form as it is filled in.
 *
 * One change is sent after the other, each with the version that the last answer named. A stale
 * version, or an answer that is not ours, hands the whole page to the server, which shows both.
 */
const RETRY_AFTER = 5000;

class Autosave {
  constructor(form) {
    this.form = form;
    this.waiting = new Set();
    this.sending = false;
    this.timer = 0;
    form.addEventListener("change", (event) => this.changed(event.target));
    form.addEventListener("submit", () => { this.sending = true; });
    window.addEventListener("online", () => this.send());
    // A page that comes back from the browser's history holds an old version.
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  }

  changed(control) {
    if (!control.closest("[data-field]")) return;
    this.waiting.add(control.name);
    this.send();
  }

  async send() {
    if (this.sending || this.waiting.size === 0) return;
    this.sending = true;
    window.clearTimeout(this.timer);
    const names = [...this.waiting];
    this.waiting.clear();
    this.say(this.form.dataset.saving);
    try {
      const response = await fetch(this.form.action || window.location.href, { method: "POST", body: this.body(names) });
      if (response.status === 409 || response.redirected) return this.handOver();
      if (!response.ok) throw new Error(`answered ${response.status}`);
      this.show(await response.json());
      this.sending = false;
      this.send();
    } catch {
      names.forEach((name) => this.waiting.add(name));
      this.say(this.form.dataset.failed, true);
      this.sending = false;
      this.timer = window.setTimeout(() => this.send(), RETRY_AFTER);
    }
  }

  body(names) {
    const all = new FormData(this.form);
    const body = new URLSearchParams({ autosave: "1" });
    for (const name of ["csrfmiddlewaretoken", "version", ...names]) {
      all.getAll(name).forEach((value) => body.append(name, value));
    }
    names.forEach((name) => body.append("changed", name));
    this.form.querySelectorAll("[data-field]").forEach((field) => body.append("shown", field.dataset.field));
    return body;
  }

  handOver() {
    const stay = Object.assign(document.createElement("input"), { type: "hidden", name: "go", value: "stay" });
    this.form.append(stay);
    this.form.submit();
  }

  show(answer) {
    this.form.elements.version.value = answer.version;
    document.querySelector("[data-live]").innerHTML = answer.live;
    this.showQuestion(answer.question);
    Object.entries(answer.errors).forEach(([name, html]) => this.showErrors(name, html));
    if (answer.fields) this.showFields(answer);
    this.say(Object.values(answer.errors).some(Boolean) ? "" : answer.saved);
  }

  /** About the panel's model. It is left alone where it did not change: a finger may be on its button. */
  showQuestion(html) {
    const place = this.form.querySelector("[data-panel-question]");
    if (place && html !== undefined && place.innerHTML.trim() !== html.trim()) place.innerHTML = html;
  }

  showErrors(name, html) {
    const field = this.form.querySelector(`[data-field="${name}"]`);
    const control = field?.querySelector(`#id_${name}`);
    if (!control) return;
    field.querySelector(".usa-error-message")?.remove();
    field.firstElementChild.classList.toggle("usa-form-group--error", Boolean(html));
    const described = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    described[html ? "add" : "delete"](`id_${name}_error`);
    if (described.size) control.setAttribute("aria-describedby", [...described].join(" "));
    else control.removeAttribute("aria-describedby");
    if (html) {
      (control.closest(".usa-checkbox") ?? control).insertAdjacentHTML("beforebegin", html);
      control.setAttribute("aria-invalid", "true");
    } else {
      control.removeAttribute("aria-invalid");
    }
  }

  /** Questions came or went: keep what is typed and where the person is. */
  showFields(answer) {
    const typed = new Map([...new FormData(this.form)].filter(([name]) => this.waiting.has(name)));
    const focused = document.activeElement?.id;
    document.querySelector("[data-form-steps]").outerHTML = answer.steps;
    const kept = new Map([...this.form.querySelectorAll("[data-field]")].map((field) => [field.dataset.field, field]));
    const fields = this.form.querySelector("[data-fields]");
    fields.innerHTML = answer.fields;
    fields.querySelectorAll("[data-field]").forEach((field) => {
      const old = kept.get(field.dataset.field);
      if (old && (typed.has(field.dataset.field) || old.querySelector(".usa-error-message"))) field.replaceWith(old);
    });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  say(words, failed = false) {
    const mark = this.form.querySelector("[data-saved]");
    mark.textContent = words;
    mark.classList.toggle("form-saved--failed", failed);
  }
}

const form = document.querySelector("form[data-autosave]");
if (form && !("conflict" in form.dataset)) new Autosave(form);
