// What is pasted from Word or a web page becomes Markdown; plain words are pasted as they are.
const field = document.querySelector("[data-paste]");
const MOST = 60000;

async function asMarkdown(html) {
  const form = new FormData();
  form.set("form_token", field.form.elements["form_token"].value);
  form.set("html", html.slice(0, MOST));
  const answer = await fetch(field.dataset.paste, { method: "POST", body: new URLSearchParams(form) });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

function insert(words) {
  const before = field.value.slice(0, field.selectionStart);
  // A list or a paragraph begins on a line of its own.
  if (words.includes("\n") && before && !before.endsWith("\n")) words = `\n\n${words}`;
  field.setRangeText(words, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

field?.addEventListener("paste", async (event) => {
  const html = event.clipboardData.getData("text/html");
  if (!html) return;
  event.preventDefault();
  const plain = event.clipboardData.getData("text/plain");
  try {
    insert(await asMarkdown(html));
  } catch {
    insert(plain);
  }
});
