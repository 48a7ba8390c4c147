// What the tabs share. It runs before the script of each tab, in the same function; TEXTS and LIMITS are set above it.
const make = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};
const find = (selector) => element.querySelector(selector);

// Language: every element says which text it shows, so that a switch needs no reload.
const language = () => {
  try {
    return localStorage.getItem("potstill-language") || (navigator.language.startsWith("ko") ? "ko" : "en");
  } catch { return "en"; }
};
const say = (key, values = {}) => {
  const texts = TEXTS[key];
  if (!texts) return key;
  return texts[language() === "ko" ? 1 : 0].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
};
// A note or an error of the server, in Korean where NOTES has one of its form.
const translated = (message) => {
  for (const [pattern, korean] of language() === "ko" ? NOTES : []) {
    const found = message.match(new RegExp(`^${pattern}$`));
    if (found) return korean.replace(/\{(\d)\}/g, (all, n) => found[n]);
  }
  return message;
};
const showNotes = (notes) =>
  find(".ps-notes").replaceChildren(...notes.map((each) => make("li", { "data-note": each }, translated(each))));
const text = (key, name = "span", attributes = {}) => make(name, { "data-text": key, ...attributes }, say(key));
const relabel = () => {
  for (const each of element.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);
  for (const each of element.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
  for (const each of element.querySelectorAll("[data-note]")) each.textContent = translated(each.dataset.note);
  for (const each of element.querySelectorAll("[data-hint]")) each.setAttribute("placeholder", say(each.dataset.hint));
};
const onLanguage = (action) => document.addEventListener("potstill-language", () => { relabel(); action(); });

// Questions to the server. A lost connection is tried again, since a run waits for its visitor.
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const tell = (message, kind = "") => {
  const line = find(".ps-message");
  if (line && line.textContent !== message) { line.textContent = message; line.dataset.kind = kind; }
};
const ask = async (name, data) => {
  for (let attempt = 0; attempt < 8; attempt++) {
    try {
      const answer = await server[name](data);
      if (answer.error) { tell(translated(answer.error), "error"); return null; }
      if (answer.waiting > 1) tell(say("waiting", { place: answer.waiting }));
      else if (find(".ps-message")?.dataset.kind !== "keep") tell("");
      return answer;
    } catch (error) {
      tell(say("lost"), "error");
      await pause(Math.min(500 * 2 ** attempt, 8000));
    }
  }
  return null;
};
const bytes = (data) => Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
const floats = (data) => new Float32Array(bytes(data).buffer);
const base64 = (string) => {
  const data = new TextEncoder().encode(string);
  let letters = "";
  for (let at = 0; at < data.length; at += 8192) letters += String.fromCharCode(...data.subarray(at, at + 8192));
  return btoa(letters);
};
const save = (file) => {
  const url = URL.createObjectURL(new Blob([bytes(file.data)]));
  make("a", { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
const asURL = (file) => new Promise((done, failed) => {
  if (file.size > LIMITS.upload) return failed(new Error(say("too_large", { size: LIMITS.upload / 1e6 })));
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => failed(new Error(say("unreadable")));
  reader.readAsDataURL(file);
});

// What a reload finds again: the controls that have a name, in their order, and more by key.
const remember = (key, value) => { try { sessionStorage.setItem(key, value); return true; } catch { return false; /* full, or not allowed */ } };
const recalled = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
const named = () => [...element.querySelectorAll("input[name], select[name]")];
const filled = () => named().map((each) => (each.type === "checkbox" ? each.checked : each.value));
const refill = (values) => named().forEach((each, n) => {
  if (values?.length !== named().length) return;
  if (each.type === "checkbox") each.checked = values[n];
  else each.value = values[n];
  each.dispatchEvent(new Event("refill"));
});

// Controls with a label each.
const slider = (key, { min, max, step, value, show = (number) => number, change = () => {} }) => {
  const input = make("input", { type: "range", min, max, step, value, name: key });
  const output = make("output", {}, String(show(value)));
  const update = () => { output.textContent = show(Number(input.value)); input.setAttribute("aria-valuetext", output.textContent); };
  input.addEventListener("input", () => { update(); change(Number(input.value)); });
  input.addEventListener("refill", update);
  update();
  const label = make("label", { class: "ps-slider" }, text(key), output, input);
  return { label, input, get value() { return Number(input.value); }, set value(number) { input.value = number; update(); } };
};
const choice = (key, options, { value, names = (option) => option, change = () => {} } = {}) => {
  const select = make("select", { name: key, onchange: () => change(select.value) });
  for (const option of options) {
    const shown = names(option);
    select.append(make("option", { value: option, ...(TEXTS[shown] ? { "data-text": shown } : {}) }, say(shown)));
  }
  if (value != null) select.value = value;
  const label = make("label", { class: "ps-choice" }, text(key), select);
  return { label, select, get value() { return select.value; }, set value(option) { select.value = option; } };
};
const button = (key, action, attributes = {}) =>
  make("button", { type: "button", class: "ps-button", "data-text": key, onclick: action, ...attributes }, say(key));
const group = (key, ...children) => make("fieldset", {}, text(key, "legend"), ...children);

// Asks again when a control moved while the answer was on its way, and at most one question at a time.
const refresher = (question, settings, draw) => {
  let busy = false, again = false;
  return async () => {
    if (busy) { again = true; return; }
    busy = true;
    do {
      again = false;
      const answer = await ask(question, settings());
      if (answer) draw(answer);
    } while (again);
    busy = false;
  };
};

// Colours that colour-blind people tell apart (Okabe and Ito), on either background.
const COLOURS = { source: "#d55e00", target: "#0072b2", now: "#009e73" };
const ink = () => getComputedStyle(element).getPropertyValue("--body-text-color").trim() || "#222";
const sharp = (canvas) => {
  const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  return { context, width: box.width, height: box.height };
};
