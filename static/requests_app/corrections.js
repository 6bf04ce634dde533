/**
 * Keeps what is typed on the corrections page, so that nothing is lost before it is given as the answer.
 *
 * Each form keeps itself: a little after the last key, again once the portal can be reached. "Saved" is said only when
 * nothing was typed since.
 */
import { Failure, post, trouble } from "../portal/saving.js";

const PAUSE = 600;

class Keeper {
  constructor(form) {
    this.form = form;
    this.mark = form.querySelector("[data-saved]");
    this.timer = 0;
    this.isUnsaved = false;
    this.flight = null;
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
    form.addEventListener("submit", () => this.rest());
    window.addEventListener("pagehide", () => this.isUnsaved && this.keepOnce({ keepalive: true }).catch(() => this.say("")));
    window.addEventListener("beforeunload", (event) => this.isUnsaved && trouble.isThere && event.preventDefault());
  }

  rest() {
    window.clearTimeout(this.timer);
    this.isUnsaved = false;
  }

  later() {
    this.isUnsaved = true;
    this.say("");
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.keep(), PAUSE);
  }

  /** One after the other: a later one holds all that the one before did. */
  keep() {
    this.flight ??= this.keepAll().finally(() => { this.flight = null; });
  }

  async keepAll() {
    while (this.isUnsaved) {
      this.isUnsaved = false;
      try {
        const { saved } = await this.keepOnce();
        trouble.clear(this);
        if (!this.isUnsaved) this.say(saved);
      } catch (failure) {
        this.isUnsaved = true;
        this.say(trouble.words.unsaved, true);
        trouble.show(this, failure instanceof Failure ? failure : new Failure("unreachable"), () => this.keep());
        return;
      }
    }
  }

  async keepOnce(options) {
    const body = new URLSearchParams({ autosave: "1" });
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string") body.append(name, value);
    return (await post(window.location.pathname, body, options)).json();
  }

  say(words, failed = false) {
    this.mark.textContent = words;
    this.mark.classList.toggle("correction__saved--failed", failed);
  }
}

document.querySelectorAll("form[data-keep]").forEach((form) => new Keeper(form));
