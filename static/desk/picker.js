/** The correction reasons that hold all the words typed; a group without any is hidden. */
const find = document.querySelector("[data-pick-find]");
const none = document.querySelector("[data-pick-none]");
const groups = [...document.querySelectorAll("[data-pick-group]")].map((group) => ({ group, open: group.open }));

function show() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  groups.forEach(({ group, open }) => {
    const rows = [...group.querySelectorAll("[data-pick-row]")];
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) && !row.querySelector(".pick-tick").checked;
    });
    const left = rows.filter((row) => !row.hidden).length;
    found += left;
    group.hidden = left === 0;
    group.open = words.length ? left > 0 : open || rows.some((row) => row.querySelector(".pick-tick").checked);
  });
  none.textContent = found ? "" : none.dataset.none;
}

/** A difference became an item: its reason comes into view with its note. */
function reveal(event) {
  const tick = document.getElementById(event.currentTarget.htmlFor);
  if (!tick) return;
  tick.closest("details").open = true;
  tick.closest("[data-pick-row]").scrollIntoView({ block: "center" });
}

find?.addEventListener("input", show);
document.querySelectorAll(".desk-make").forEach((label) => label.addEventListener("click", reveal));
