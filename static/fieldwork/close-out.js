// One decision a screen, where script runs; without it the whole form is one page.
const form = document.querySelector("[data-close-out]");
if (form) {
  const screens = [...form.querySelectorAll("[data-screen]")];
  const [back, next, send] = ["back", "next", "send"].map((name) => form.querySelector(`[data-${name}]`));
  const reasons = form.querySelector("[data-reasons]");
  const missing = form.querySelector("[data-missing]");
  const stop = form.querySelector("[data-stop]");
  const time = form.querySelector("[name=device_time]");
  let at = 0;

  const show = (index, focus = true) => {
    at = index;
    missing.hidden = true;
    screens.forEach((screen, place) => { screen.hidden = place !== at; });
    back.hidden = at === 0;
    next.hidden = at === screens.length - 1;
    send.hidden = at !== screens.length - 1;
    if (focus) screens[at].querySelector("h2").focus();
  };
  const showReasons = () => {
    const chosen = form.querySelector("[name=outcome]:checked");
    reasons.hidden = chosen?.value !== "unsuccessful";
    if (reasons.hidden) for (const box of reasons.querySelectorAll("input")) box.checked = false;
  };

  back.addEventListener("click", () => show(at - 1));
  next.addEventListener("click", () => {
    const open = screens[at].querySelector(":invalid:not(fieldset)");
    if (!open) { show(at + 1); return; }
    missing.hidden = false;
    open.focus({ preventScroll: true });
    open.closest("fieldset, .usa-form-group").scrollIntoView({ block: "center" });
  });
  // Work stops at once: what nobody looked at is "not seen", and the reason is asked for next.
  stop.hidden = false;
  stop.addEventListener("click", () => {
    for (const check of screens[0].querySelectorAll("[value=not_seen]")) {
      if (!form.querySelector(`[name=${check.name}]:checked`)) check.checked = true;
    }
    const failed = form.querySelector("[name=outcome][value=unsuccessful]");
    failed.checked = true;
    showReasons();
    show(screens.length - 1);
  });
  for (const choice of form.querySelectorAll("[name=outcome]")) choice.addEventListener("change", showReasons);
  form.addEventListener("submit", () => { time.value = new Date().toISOString(); send.disabled = true; });
  document.querySelector("[data-error-summary]")?.addEventListener("click", (event) => {
    const target = event.target.closest("a") && document.querySelector(event.target.closest("a").hash);
    const screen = target?.closest("[data-screen]");
    if (screen) show(screens.indexOf(screen), false);
  });
  const wrong = screens.findIndex((screen) => screen.querySelector("[aria-invalid=true], .usa-error-message"));
  show(Math.max(wrong, 0), false);
  showReasons();
}
