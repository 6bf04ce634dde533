/**
 * A page of several forms sends one of them, and what was typed into another would be gone. The first press says so, by
 * the button; the second sends.
 */
const warning = document.querySelector("[data-other-forms]");
const typed = new Set();
let told = null;

document.addEventListener("input", ({ target }) => {
  if (!target.form || target.form.method !== "post") return;
  typed.add(target.form);
  told = null;
  warning.hidden = true;
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const isElsewhere = [...typed].some((other) => other !== form && other.isConnected);
  if (!isElsewhere || told === form) return;
  event.preventDefault();
  told = form;
  (submitter ?? form.lastElementChild).before(warning);
  warning.hidden = false;
});
