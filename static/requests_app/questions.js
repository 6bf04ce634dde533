/** The questions of a step on the page: what they hold, and how new ones come in beside them. */
export class Questions {
  constructor(form) {
    this.form = form;
    this.place = form.querySelector("[data-fields]");
    this.gone = new Map(); // questions that left, with what was typed there
  }

  get all() {
    return [...this.place.querySelectorAll("[data-field]")];
  }

  question(name) {
    return this.place.querySelector(`[data-field="${name}"]`);
  }

  controls(name) {
    return [...(this.question(name)?.querySelectorAll(`[name="${name}"]`) ?? [])];
  }

  /** What is chosen or typed there; null where there is no answer, which is not the same as an empty one. */
  value(name) {
    const [control, ...others] = this.controls(name);
    if (!control) return null;
    if (control.type === "radio") return [control, ...others].find((choice) => choice.checked)?.value ?? null;
    return control.type === "checkbox" ? (control.checked ? control.value || "on" : "false") : control.value;
  }

  fill(name, value) {
    this.controls(name).forEach((control) => {
      if (control.type === "radio") control.checked = control.value === value;
      else if (control.type === "checkbox") control.checked = value !== "false";
      else control.value = value;
    });
  }

  /**
   * The questions are those of `html` from now on. Those that stay keep their very elements, so that a value, a caret,
   * a list that is open and the keyboard's place stay too; only the notes beside them are renewed.
   * Gives the names of questions that came back with what was typed there before.
   */
  become(html, isTyped) {
    const next = document.createElement("div");
    next.innerHTML = html;
    const before = new Map(this.all.map((question) => [question.dataset.field, question]));
    const back = [];
    const wanted = [...next.children].map((fresh) => {
      const name = fresh.dataset.field;
      const old = before.get(name);
      before.delete(name);
      if (old) return renewed(old, fresh, isTyped(name));
      if (!this.gone.has(name)) return fresh;
      back.push(name);
      return this.gone.get(name);
    });
    back.forEach((name) => this.gone.delete(name));
    before.forEach((old, name) => { if (name && isTyped(name)) this.gone.set(name, old); });
    this._arrange(wanted);
    return back;
  }

  /** Elements that are there already aren't moved, which would take the focus from them. */
  _arrange(wanted) {
    const keep = new Set(wanted);
    [...this.place.children].forEach((child) => { if (!keep.has(child)) child.remove(); });
    let at = this.place.firstElementChild;
    wanted.forEach((question) => {
      if (question === at) at = at.nextElementSibling;
      else this.place.insertBefore(question, at);
    });
  }
}

/** The old element with the fresh notes; the fresh one where the question itself reads otherwise and nobody is at it. */
function renewed(old, fresh, isTyped) {
  const isHere = old.contains(document.activeElement);
  if (!isTyped && !isHere && asked(old) !== asked(fresh)) {
    carryOver(old, fresh);
    return fresh;
  }
  const [notes, news] = [old, fresh].map((question) => question.querySelector("[data-notes]"));
  if (notes && news && notes.innerHTML !== news.innerHTML && !notes.contains(document.activeElement)) {
    notes.replaceChildren(...news.childNodes);
  }
  return old;
}

function asked(question) {
  const group = question.firstElementChild.cloneNode(true);
  group.querySelectorAll(".usa-error-message").forEach((error) => error.remove());
  const choices = [...group.querySelectorAll("[type=radio]")].map((choice) => choice.value);
  return `${group.textContent.replace(/\s+/g, " ").trim()} ${choices}`;
}

function carryOver(old, fresh) {
  old.querySelectorAll("input[name], textarea[name], select[name]").forEach((control) => {
    const twin = fresh.querySelector(`#${CSS.escape(control.id)}`);
    if (!twin) return;
    twin.value = control.value;
    if ("checked" in control) twin.checked = control.checked;
  });
}
