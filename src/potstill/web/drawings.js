// The tab Drawings: an SVG, whose elements are kept with a click, and what becomes of it. Of the SVG itself nothing reaches
// the page but a picture and outlines of numbers.
const NS = "http://www.w3.org/2000/svg";
const art = make("img", { alt: "", draggable: "false" });
const over = document.createElementNS(NS, "svg");
over.setAttribute("role", "group");
over.dataset.label = "elements";
const drawing = { names: [], kept: new Set() };
const counted = text("kept_none", "p", { class: "ps-hint", "aria-live": "polite" });
const tally = () => {
  for (const each of over.querySelectorAll("[role=checkbox]")) {
    const kept = drawing.kept.has(each.dataset.name);
    each.setAttribute("aria-checked", String(kept));
    each.setAttribute("aria-label", say("keep_element", { name: each.dataset.name }));
  }
  const some = drawing.kept.size > 0;
  counted.dataset.text = some ? "kept_some" : "kept_none";
  counted.textContent = say(counted.dataset.text, { count: drawing.kept.size, total: drawing.names.length, names: [...drawing.kept].slice(0, 8).join(", ") });
  note();
};
const toggle = (name) => { if (!drawing.kept.delete(name)) drawing.kept.add(name); tally(); };
const outlined = (answer) => {
  over.setAttribute("viewBox", `0 0 ${Number(answer.width)} ${Number(answer.height)}`);
  drawing.names = [...new Set(answer.elements.map(({ name }) => name))];
  drawing.kept = new Set();
  const groups = new Map(drawing.names.map((name, n) => {
    const made = document.createElementNS(NS, "g");
    made.dataset.name = name;
    made.setAttribute("role", "checkbox");
    made.setAttribute("tabindex", n ? "-1" : "0");
    return [name, made];
  }));
  for (const { name, path, even_odd } of answer.elements) {
    const made = document.createElementNS(NS, "path");
    made.setAttribute("d", path);
    made.setAttribute("fill-rule", even_odd ? "evenodd" : "nonzero");
    groups.get(name).append(made);
  }
  over.replaceChildren(...groups.values());
  tally();
};
over.addEventListener("click", (event) => { const found = event.target.closest("[data-name]"); if (found) toggle(found.dataset.name); });
over.addEventListener("keydown", (event) => {
  const all = [...over.children], now = all.indexOf(document.activeElement), step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (now < 0 || !(step || [" ", "Enter"].includes(event.key))) return;
  event.preventDefault();
  if (!step) return toggle(all[now].dataset.name);
  const next = all[(now + step + all.length) % all.length];
  all[now].setAttribute("tabindex", "-1"); next.setAttribute("tabindex", "0"); next.focus();
});
const invert = () => { drawing.kept = new Set(drawing.names.filter((name) => !drawing.kept.has(name))); tally(); };
const clear = () => { drawing.kept.clear(); tally(); };

const methods = methodChoices(CHOICES.methods, CHOICES.first, CHOICES.limits.panels);
upload.accept = ".svg,image/svg+xml";
find(".ps-controls").append(
  group("drawing", make("div", { class: "ps-drop ps-drawing", ...dropping }, art, over), counted,
    make("div", { class: "ps-row" }, button("keep_clear", clear), button("keep_others", invert)),
    make("label", { class: "ps-choice" }, text("upload_drawing"), upload), text("examples"), examples),
  group("methods", make("div", { class: "ps-pairs" }, ...methods.map(({ label }) => label)), scale.label,
    make("div", { class: "ps-pairs" }, stepsLabel, seedLabel)),
);
const asked = () => ({ ...common(), kept: [...drawing.kept], ...(bench.upload ? { drawing: bench.upload } : { example: bench.example }) });
const files = (n) => [button("save_svg", fetched(n))];
const opened = async (question) => {
  const answer = await ask("drawings_open", question);
  if (!answer) return null;
  art.src = png(answer.data);
  showNotes(answer.notes);
  outlined(answer);
  return answer;
};
const open = (n) => opened({ example: n });
const given = async (url) => {
  const answer = await opened({ drawing: url });
  if (!answer) throw new Error(find(".ps-message").textContent);
  bench.upload = url;
  filledFrom(answer);
};
extra.get = () => [...drawing.kept];
extra.set = (names) => { drawing.kept = new Set((names ?? []).filter((name) => drawing.names.includes(name))); tally(); };
onLanguage(tally);
const verb = () => "edit", started = () => {};
ready();
