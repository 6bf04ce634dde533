// Shows and hides questions as the answer says which of them apply, and tells a screen reader
// a verdict that is new.
document.body.addEventListener("htmx:afterSwap", () => {
  const shown = new Set(document.querySelector("#answer").dataset.shown.split(" "));
  for (const question of document.querySelectorAll("[data-question]")) {
    question.hidden = !shown.has(question.dataset.question.replace("-drawing", ""));
  }
  const said = document.querySelector("#answer-said");
  const title = document.querySelector("#answer-title").textContent.trim();
  if (said.textContent !== title) said.textContent = title;
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-question]:not([hidden])");
  }
});
