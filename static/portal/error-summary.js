/** A form that came back with errors: its summary takes the focus, so that it is read out first. */
export function focusErrorSummary(root) {
  root.querySelector("[data-error-summary]")?.focus();
}
