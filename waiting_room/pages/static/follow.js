// Keeps the newest message of a chat in view, unless the reader has scrolled up to read.
const log = document.querySelector("[data-follow]");
const NEAR = 160;

function showNewest() {
  const newest = log.lastElementChild;
  if (!newest) return;
  // A long message (the help lines) is read from its beginning.
  const tall = newest.offsetHeight > window.innerHeight / 2;
  const end = document.querySelector("[data-follow-end]") ?? newest;
  if (tall) newest.scrollIntoView({ block: "start" });
  else end.scrollIntoView({ block: "end" });
}

function isNearEnd() {
  return log.getBoundingClientRect().bottom < window.innerHeight + NEAR;
}

if (log) {
  let following = true;
  showNewest();
  window.addEventListener("scroll", () => { following = isNearEnd(); }, { passive: true });
  new MutationObserver(() => { if (following) showNewest(); }).observe(log, { childList: true });
}
