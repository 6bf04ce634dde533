/** allauth reports a passkey that was canceled or failed as an event: say so on the page. */
document.addEventListener("allauth.error", (event) => {
  const notice = document.querySelector("[data-passkey-failed]");
  if (!notice) return;
  event.preventDefault();
  notice.hidden = false;
});
