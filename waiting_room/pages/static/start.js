// Wakes the components of nhsuk-frontend. A module, so it runs once the page is read.
import { initAll } from "./nhsuk/nhsuk-frontend-10.6.1.min.js";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();
