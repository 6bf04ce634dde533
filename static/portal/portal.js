import { focusErrorSummary } from "./error-summary.js";
import { closeMenusOnLeave } from "./menu.js";

focusErrorSummary(document);
closeMenusOnLeave(document);
document.body.addEventListener("htmx:afterSwap", (event) => focusErrorSummary(event.target));
