/**
 * A form that waits for its files: shows its place in line, and sends the form on when inspectors have opened them.
 */
const PAUSE = 1000;
const LONGEST_PAUSE = 8000;

const pause = (milliseconds) => new Promise((resolve) => { window.setTimeout(resolve, milliseconds); });

/**
 * Resolves once the files at that address are checked. `say` gets the place in line in words, and null while the
 * server does not answer. Rejects where nothing waits there anymore.
 */
export async function checked(address, say) {
  for (let wait = PAUSE / 4; ; wait = Math.min(wait * 2, PAUSE)) {
    await pause(wait);
    const state = await ask(address);
    if (state?.ready) return;
    say(state?.text ?? null);
    if (!state) await pause(LONGEST_PAUSE - PAUSE);
  }
}

async function ask(address) {
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "application/json" } });
  } catch {
    return null;
  }
  if (response.status >= 500 || response.status === 429) return null;
  if (!response.ok || response.redirected) throw new Error(`answered ${response.status}`);
  return response.json();
}

const form = document.querySelector("form[data-held]");
if (form) {
  const text = document.querySelector("[data-held-text]");
  const say = (words) => { text.textContent = words ?? form.dataset.lost; };
  checked(form.dataset.held, say).then(() => form.requestSubmit(), () => window.location.reload());
}
