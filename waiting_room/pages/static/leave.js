// "Leave this page": one press, or Shift three times, covers the screen at once and goes to a
// neutral page in place of this one. Without this file it is an ordinary link.
const link = document.querySelector("[data-leave]");
const PATIENCE = 5000;
let presses = 0;
let alone = false;
let forget = 0;

function leave() {
  // Cover first: on a slow line the next page takes seconds, and this one must be gone by then.
  document.documentElement.classList.add("room-left");
  document.title = link.hostname;
  window.location.replace(link.href);
}

function say(words) {
  document.querySelector("[data-leave-says]").textContent = words;
}

function reset() {
  presses = 0;
  window.clearTimeout(forget);
  say("");
}

function countShift() {
  presses += 1;
  window.clearTimeout(forget);
  forget = window.setTimeout(reset, PATIENCE);
  if (presses >= 3) {
    leave();
  } else {
    say(link.dataset.leavePresses);
  }
}

if (link) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  // Shift for a capital letter does not count: only Shift pressed and let go alone.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift") {
      alone = true;
    } else {
      alone = false;
      if (presses > 0) reset();
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === "Shift" && alone) countShift();
  });
  // Coming back by the browser's own memory of the page: ask the server anew what may be shown.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.documentElement.classList.contains("room-left")) {
      window.location.reload();
    }
  });
}
