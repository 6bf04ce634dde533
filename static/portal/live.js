// htmx may only read, and only for the elements of #live, which is the body's first child so that no text further
// down can claim its place.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get" || !event.target.closest("body > #live:first-child")) event.preventDefault();
});
