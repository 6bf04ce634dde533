/** The time left until a decision is sent, once a second. */
document.querySelectorAll("[data-countdown]").forEach((timer) => {
  const end = performance.now() + Number(timer.dataset.countdown) * 1000;
  function show() {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    if (seconds <= 0) {
      timer.textContent = timer.dataset.over;
      return;
    }
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    timer.textContent = timer.dataset.left.replace("%(time)s", time);
    setTimeout(show, 1000);
  }
  show();
});
