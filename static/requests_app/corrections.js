/**
 * Keeps what is typed on the corrections page, so that nothing is lost before it is given as the answer.
 *
 * Each form keeps itself: a little after the last key, again once the network is back.
 */
const PAUSE = 600;

class Keeper {
  constructor(form) {
    this.form = form;
    this.mark = form.querySelector("[data-saved]");
    this.timer = 0;
    this.unsaved = false;
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
    form.addEventListener("submit", () => { window.clearTimeout(this.timer); this.unsaved = false; });
    window.addEventListener("online", () => this.unsaved && this.keep());
  }

  later() {
    this.unsaved = true;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.keep(), PAUSE);
  }

  async keep() {
    const body = new URLSearchParams({ autosave: "1" });
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string") body.append(name, value);
    this.unsaved = false;
    try {
      const response = await fetch(window.location.pathname, { method: "POST", body });
      if (!response.headers.get("content-type")?.includes("json")) throw new Error(`answered ${response.status}`);
      const answer = await response.json();
      this.say(answer.saved ?? answer.failed, !response.ok);
    } catch {
      this.unsaved = true;
    }
  }

  say(words, failed) {
    this.mark.textContent = words;
    this.mark.classList.toggle("correction__saved--failed", failed);
  }
}

document.querySelectorAll("form[data-keep]").forEach((form) => new Keeper(form));
