/** A planning run shows how far it is by itself, until it is over. */
const place = document.querySelector("[data-run]");
const LOOK_EVERY = 1500; // milliseconds

async function look() {
  const response = await fetch(place.dataset.run, { redirect: "manual" }).catch(() => null);
  if (response?.ok) {
    const html = await response.text();
    const state = document.createElement("template");
    state.innerHTML = html.trim();
    const said = place.querySelector(".run-said")?.textContent;
    const fresh = state.content.firstElementChild;
    const isAtButton = place.contains(document.activeElement) && fresh.hasAttribute("data-open");
    if (!isAtButton) place.replaceChildren(fresh);
    else update(fresh, said);
  }
  if (place.querySelector("[data-open]")) setTimeout(look, LOOK_EVERY);
}

/** Whoever is about to press a button keeps it: only words and bar change. */
function update(fresh, said) {
  const words = fresh.querySelector(".run-said");
  if (words && words.textContent !== said) place.querySelector(".run-said").replaceWith(words);
  const bar = fresh.querySelector("progress");
  if (bar?.hasAttribute("value")) place.querySelector("progress").value = bar.value;
}

place.classList.add("has-script");
if (place.querySelector("[data-open]")) setTimeout(look, LOOK_EVERY);
