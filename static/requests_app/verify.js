/**
 * Computes the chosen file's SHA-256 here and asks about that first. The file itself is sent only where we don't know
 * the fingerprint, and only when its owner presses the button again. Without this script the form sends the file.
 */
const form = document.querySelector("form[data-verify]");

async function fingerprint(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether the portal has that very file; null where there is no answer, and the file has to be sent.
async function isKnown(address) {
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    return response.ok ? (await response.json()).known : null;
  } catch {
    return null;
  }
}

if (form && window.crypto?.subtle) {
  const input = form.querySelector("[data-verify-file]");
  const unknown = form.querySelector("[data-verify-unknown]");
  const status = form.querySelector("[data-verify-status]");
  const button = form.querySelector("[type=submit]");
  const words = button.textContent;
  let isAskedFor = false; // the file itself

  input.addEventListener("change", () => {
    isAskedFor = false;
    unknown.hidden = true;
    button.textContent = words;
  });
  form.addEventListener("submit", async (event) => {
    const [file] = input.files;
    if (isAskedFor || !file) return;
    event.preventDefault();
    status.textContent = form.dataset.looking;
    const address = `${form.getAttribute("action")}?sha256=${await fingerprint(file)}`;
    const known = await isKnown(address);
    status.textContent = "";
    if (known) {
      window.location.assign(address);
      return;
    }
    isAskedFor = true;
    if (known === null) {
      form.requestSubmit();
      return;
    }
    unknown.hidden = false;
    button.textContent = form.dataset.send;
    button.focus();
  });
}
