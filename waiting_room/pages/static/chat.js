// The live side of the web chat. Without this file every form works by itself.
// Nothing is thrown away here before the server has said that it was heard.
const log = document.getElementById("log");
const notice = document.getElementById("notice");
const composer = document.getElementById("say");
const text = document.getElementById("message");
const sending = document.getElementById("sending");
const name = document.title;
const newer = document.getElementById("newer");
const toKeys = document.getElementById("to-keys");
const byTouch = window.matchMedia("(pointer: coarse)");
const PATIENCE = 30000;
const TWICE = 1000;
let version = log.dataset.version;
let pressed = null;
let last = { value: "", at: 0 };
let unread = 0;
let stream = null;
// One exchange at a time: nothing is shown twice, nothing out of order.
let turn = Promise.resolve();

// The way to the buttons stands there only while they are out of sight.
new IntersectionObserver((seen) => {
  toKeys.classList.toggle("room-composer__keys--near", seen[seen.length - 1].isIntersecting);
}, { rootMargin: "0px 0px -140px 0px" }).observe(document.querySelector("[data-follow-end]"));

function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

function newest() {
  return log.lastElementChild ? log.lastElementChild.id.slice(2) : "";
}

async function ask(address, body) {
  const stop = new AbortController();
  const waited = window.setTimeout(() => stop.abort(), PATIENCE);
  const told = window.setTimeout(() => { if (body) sending.textContent = sending.dataset.words; }, 700);
  try {
    const headers = { "hx-request": "true", accept: "text/html" };
    const answer = await fetch(address, { method: body ? "POST" : "GET", body, headers, signal: stop.signal });
    if (answer.headers.get("hx-redirect")) {
      window.location.replace(answer.headers.get("hx-redirect"));
      return null;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { status: answer.status, part: page.querySelector("[data-part]"), notice: page.querySelector("[data-notice]") };
  } catch {
    return { status: 0, part: null, notice: null };
  } finally {
    window.clearTimeout(waited);
    window.clearTimeout(told);
    sending.textContent = "";
  }
}

function show(part) {
  version = part.dataset.version;
  for (const field of document.getElementsByName("form_token")) field.value = part.dataset.token;
  for (const field of document.getElementsByName("once")) field.value = part.dataset.once;
  const open = part.dataset.open.split(" ");
  for (const choices of log.querySelectorAll("[data-choices]")) {
    if (!open.includes(choices.dataset.choices)) choices.remove();
  }
  const keys = document.getElementById("keys");
  const others = part.querySelector("#keys");
  // Keys that stay the same stay where they are: so does the focus on one of them.
  if (keys.innerHTML !== others.innerHTML) keys.replaceWith(others);
  const fresh = [...part.querySelectorAll("article")].filter((one) => !document.getElementById(one.id));
  log.append(...fresh);
  return fresh;
}

function complain(found) {
  const shown = found ?? document.getElementById("not-sure").content.firstElementChild.cloneNode(true);
  notice.replaceChildren(shown);
  shown.scrollIntoView({ block: "start" });
  shown.focus({ preventScroll: true });
}

// What was said counts as it stood when it was sent, however long the line is busy.
function said(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  return body;
}

// The second click of a double click may come after the answer to the first.
function isSecondClick(button, at) {
  const value = button ? button.value : "";
  if (value && value === last.value && at - last.at < TWICE) return true;
  last = { value, at };
  return false;
}

async function send(form, body) {
  body.set("after", newest());
  let answer = await ask(form.action, body);
  if (answer && answer.status === 403) {
    // The page was open for longer than its token: fetch a new one and say it once more.
    await news();
    body.set("form_token", form.elements.form_token.value);
    answer = await ask(form.action, body);
  }
  if (!answer) return;
  if (!answer.part) {
    complain(answer.notice);
    return;
  }
  notice.replaceChildren();
  if (form === composer && text.value.trim() === (body.get("message") ?? "").trim()) text.value = "";
  follow(show(answer.part), form);
}

// Show the answer from its beginning, and leave the keyboard where one goes on from there.
function follow(fresh, form) {
  if (!fresh.length) return;
  // After follow.js, which would show the end.
  window.requestAnimationFrame(() => fresh[0].scrollIntoView({ block: "start" }));
  const lost = !document.activeElement || document.activeElement === document.body;
  if (form === composer && !byTouch.matches) text.focus({ preventScroll: true });
  else if (lost || form === composer) goOn(fresh);
}

// On a phone the field must not take the focus: its keyboard would cover the answer.
function goOn(fresh) {
  const choices = fresh.map((one) => one.querySelector("[data-choices]")).find(Boolean);
  (choices ?? document.getElementById("keys")).focus({ preventScroll: true });
}

function isInView(one) {
  return one.getBoundingClientRect().top < composer.getBoundingClientRect().top;
}

// Somebody who reads further up is told, and not moved.
function offer(fresh) {
  if (isInView(fresh[0])) return;
  newer.hidden = false;
  newer.onclick = () => {
    fresh[0].scrollIntoView({ block: "start" });
    fresh[0].focus({ preventScroll: true });
    newer.hidden = true;
  };
}

async function news() {
  const answer = await ask(`/chat/news?after=${encodeURIComponent(newest())}`);
  if (!answer || !answer.part) return;
  const fresh = show(answer.part);
  if (fresh.length) window.requestAnimationFrame(() => offer(fresh));
  if (fresh.length && !document.hasFocus()) {
    unread += fresh.length;
    document.title = `(${unread}) ${name}`;
  }
}

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource("/chat/events");
  stream.onmessage = (event) => inTurn(() => (event.data === version ? null : news()));
  stream.addEventListener("gone", () => window.location.replace("/chat"));
  stream.onerror = () => {
    if (stream && stream.readyState === EventSource.CLOSED) {
      rest();
      window.setTimeout(listen, 15000);
    }
  };
}

// A page nobody looks at does not count as seen: then the room knocks by mail instead.
function rest() {
  if (stream) stream.close();
  stream = null;
}

document.addEventListener("click", (event) => { pressed = event.target.closest("button"); }, true);
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form !== composer && form.id !== "press") return;
  event.preventDefault();
  if (form === composer && !text.value.trim()) {
    text.focus();
    return;
  }
  // Older phones do not say which button it was.
  const button = event.submitter ?? pressed;
  if (isSecondClick(button, event.timeStamp)) return;
  const body = said(form, button);
  inTurn(() => send(form, body));
});
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
window.addEventListener("scroll", () => { if (isInView(log.lastElementChild)) newer.hidden = true; }, { passive: true });
window.addEventListener("pagehide", rest);
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
window.addEventListener("focus", () => { unread = 0; document.title = name; });
if (window.location.hash === "#latest") {
  const latest = document.getElementById("latest");
  if (latest) latest.parentElement.scrollIntoView({ block: "start" });
}
listen();
