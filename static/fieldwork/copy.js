// A button that copies an address; without a clipboard the field is selected, to copy by hand.
for (const row of document.querySelectorAll("[data-copy-from]")) {
  const field = document.getElementById(row.dataset.copyFrom);
  const said = row.querySelector("[role=status]");
  row.hidden = false;
  row.querySelector("button").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = said.dataset.copied;
    } catch {
      field.select();
      said.textContent = said.dataset.notCopied;
    }
  });
}
