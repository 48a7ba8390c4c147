// What the tabs of tasks share: prompts, methods, a run that is watched, its results, and what a reload finds again.
// The script of a tab defines asked(), the settings of a run; files(n, answer), the buttons below a result; open(n)
// and given(url, file), what an example or a file shows; verb(), what its button says; and started(), after a beginning.
const bench = { run: null, running: false, upload: "", example: 0, before: "", panels: [], left: null, words: [], examples: [] };
const png = (data) => (data ? `data:image/png;base64,${data}` : "");

// Prompts, completed from the words of the model
const prompt = (key) => {
  const list = make("ul", { class: "ps-words", role: "listbox", id: `ps-words-${TAB}-${key}`, "data-label": "suggestions", hidden: true });
  const input = make("input", { type: "text", name: key, maxlength: 300, autocomplete: "off", role: "combobox", "aria-expanded": "false",
    "aria-controls": list.id, "aria-autocomplete": "list", spellcheck: "false" });
  let chosen = -1;
  const shut = () => { list.hidden = true; chosen = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const complete = (word) => { input.value = input.value.replace(/\S*$/, `${word} `); shut(); input.focus(); };
  const suggest = () => {
    const begun = input.value.match(/\S*$/)[0].toLowerCase();
    const found = begun.length < 2 ? [] : bench.words.filter((word) => word.startsWith(begun) && word !== begun).slice(0, 6);
    list.replaceChildren(...found.map((word, n) => make("li", { role: "option", id: `${list.id}-${n}`, "aria-selected": "false",
      onmousedown: (event) => { event.preventDefault(); complete(word); } }, word)));
    if (!found.length) return shut();
    list.hidden = false; chosen = -1;
    input.setAttribute("aria-expanded", "true");
  };
  input.addEventListener("input", suggest);
  input.addEventListener("blur", shut);
  input.addEventListener("keydown", (event) => {
    const options = [...list.children];
    if (list.hidden || !options.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : options.length - (chosen < 0 ? 0 : 1))) % options.length;
      options.forEach((each, n) => each.setAttribute("aria-selected", String(n === chosen)));
      input.setAttribute("aria-activedescendant", options[chosen].id);
    } else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); complete(options[chosen].textContent); }
    else if (event.key === "Escape") shut();
  });
  return { input, label: make("div", { class: "ps-prompt" }, make("label", { class: "ps-choice" }, text(key), input), list) };
};
const source = prompt("source"), target = prompt("target");
find(".ps-prompts").append(group("prompts", source.label, target.label));

// Methods and numbers
const number = (key, attributes) => {
  const input = make("input", { type: "number", name: key, ...attributes });
  return { input, label: make("label", { class: "ps-choice" }, text(key), input) };
};
const methodChoices = (names, first, count) => Array.from({ length: count }, (_, n) => {
  const each = choice("method", n ? ["-", ...names] : names, { value: n ? "-" : first });
  if (count > 1) each.label.firstChild.replaceWith(make("span", {}, text("method"), ` ${n + 1}`));
  return each;
});
const scale = slider("guidance_scale", { min: 0, max: 15, step: 0.1, value: CHOICES.begin.guidance_scale });
const { input: steps, label: stepsLabel } = number("edit_steps", { min: 1, max: CHOICES.limits.steps, placeholder: say("steps_own"), "data-hint": "steps_own" });
const { input: seed, label: seedLabel } = number("seed", { min: 0, step: 1, value: CHOICES.begin.seed });
const common = () => ({
  source: source.input.value, target: target.input.value, run: bench.run ?? "",
  methods: [...new Set(methods.map((each) => each.value).filter((name) => name !== "-"))],
  guidance_scale: scale.value, steps: steps.value === "" ? null : Number(steps.value), seed: Number(seed.value),
});
const fill = (settings) => {
  source.input.value = settings.source; target.input.value = settings.target;
  scale.value = settings.guidance_scale;
  steps.value = settings.steps ?? ""; seed.value = settings.seed;
  if (settings.method) methods.forEach((each, n) => { each.value = n ? "-" : settings.method; });
};
const filledFrom = (found) => {
  if (!found?.settings) return;
  fill(found.settings);
  tell(say(found.settings.method ? "settings_found" : "settings_other", { method: found.text }), "keep");
};

// A file that is dropped or chosen, or an example
const upload = make("input", { type: "file", onchange: () => take(upload.files[0]) });
const dropping = { ondragover: (event) => event.preventDefault(), ondrop: (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); } };
const take = async (file) => {
  if (!file) return;
  try {
    const { source: from, target: to } = bench.examples[bench.example] ?? {};
    const borrowed = !bench.upload && source.input.value === from && target.input.value === to;
    await given(await asURL(file), file);
    if (borrowed && source.input.value === from) { source.input.value = target.input.value = ""; tell(say("describe"), "keep"); }
    pressed(-1);
    note();
  } catch (error) { tell(error.message, "error"); }
  upload.value = "";
};
const examples = make("div", { class: "ps-examples", role: "group", "data-label": "examples" });
const pressed = (n) => [...examples.children].forEach((each, k) => each.setAttribute("aria-pressed", String(k === n)));
const choose = async (n) => {
  Object.assign(bench, { example: n, upload: "" });
  source.input.value = bench.examples[n].source; target.input.value = bench.examples[n].target;
  pressed(n);
  await open(n);
  note();
};

// Runs
const go = button("edit", () => (bench.running ? halt() : begin()), { class: "ps-button ps-main", "data-go": TAB });
find(".ps-buttons").append(go);
const going = (running) => { bench.running = running; go.dataset.text = running ? "stop" : verb(); go.textContent = say(go.dataset.text); };
const halt = () => { going(false); note(); };
const begin = async () => {
  find(".ps-notes").replaceChildren();
  const begun = await ask(`${TAB}_begin`, asked());
  if (begun) watch(begun, true);
};
const watch = (answer, running) => {
  bench.run = answer.run ?? bench.run;
  if (answer.run) started();
  showNotes(answer.notes);
  figures(answer);
  show(answer);
  if (!running || answer.done) return;
  going(true);
  note();
  follow();
};
const follow = async () => {
  while (bench.running) {
    const answer = await ask(`${TAB}_advance`, { run: bench.run });
    if (!answer) break;
    show(answer);
    if (answer.done) break;
    while (bench.running && document.hidden) await pause(300);
  }
  const ended = bench.running;
  bench.left = null;
  halt();
  find("p.ps-progress").textContent = "";
  if (bench.panels.length) keep();
  if (!ended) tell(say("stopped"), "keep");
};
const figures = (answer) => find(".ps-results").replaceChildren(...answer.panels.map((panel, n) => {
  const after = make("img", { alt: "", class: "ps-after", draggable: "false" }), before = make("img", { alt: "", class: "ps-before", draggable: "false" });
  const wipe = make("input", { type: "range", min: 0, max: 100, value: 0, "data-label": "wipe", "aria-label": say("wipe") });
  const pull = () => { before.style.clipPath = `inset(0 ${100 - wipe.value}% 0 0)`; };
  wipe.addEventListener("input", pull); pull();
  wipe.hidden = before.hidden = !answer.before;
  return make("figure", { class: "ps-panel" },
    make("figcaption", {}, make("strong", {}, panel.name.replace(/^[\w-]+/, (name) => name.toUpperCase())), make("span"),
      make("progress", { max: panel.total, value: 0, "data-label": "progress_bar", "aria-label": say("progress_bar") })),
    make("div", { class: "ps-wipe" }, after, before), wipe, make("div", { class: "ps-row" }, ...files(n, answer)));
}));
const show = (answer) => {
  bench.panels = answer.panels;
  bench.left = answer.done ? null : answer.seconds_left;
  [...find(".ps-results").children].forEach((figure, n) => {
    const panel = answer.panels[n], after = figure.querySelector(".ps-after");
    after.src = png(panel.data);
    after.alt = say("result_of", { name: panel.name, target: target.input.value });
    if (answer.before) figure.querySelector(".ps-before").src = png(answer.before);
    figure.querySelector("progress").value = panel.step;
    figure.querySelector("figcaption span").textContent = say("edit_progress", { step: panel.step, total: panel.total, count: panel.evaluations });
  });
  find("p.ps-progress").textContent = bench.left == null || !bench.running ? "" : say("seconds_left", { seconds: Math.ceil(bench.left) });
};
const keep = () => {
  const place = find(".ps-history"), row = place.querySelector(".ps-row");
  place.hidden = false;
  for (const panel of bench.panels) {
    const label = `${panel.name}: ${target.input.value}`;
    row.prepend(make("a", { href: png(panel.data), download: `${panel.name}-preview.png`, title: label }, make("img", { src: png(panel.data), alt: label, width: 64, height: 64 })));
  }
  while (row.children.length > 16) row.lastChild.remove();
};
const fetched = (n, more = {}) => async () => { const file = await ask(`${TAB}_take`, { run: bench.run, index: n, ...more }); if (file) save(file); };
onLanguage(() => bench.panels.length && show({ panels: bench.panels, done: !bench.running, seconds_left: bench.left }));

// What a reload finds again: the form, the file if the browser has room for it, and the run.
const extra = { get: () => null, set: () => {} };
const note = () => {
  if (!bench.ready) return;
  const kept = { run: bench.run, running: bench.running, example: bench.example, upload: bench.upload, extra: extra.get(), form: filled() };
  if (!remember(`potstill-${TAB}`, JSON.stringify(kept))) remember(`potstill-${TAB}`, JSON.stringify({ ...kept, upload: "", extra: null, lost: Boolean(bench.upload) }));
};
element.addEventListener("change", () => note());
const ready = async () => { await restored(); bench.ready = true; note(); };
const restored = async () => {
  const answer = await ask(`${TAB}_examples`, {});
  if (!answer) return;
  Object.assign(bench, { words: answer.words, examples: answer.examples });
  examples.append(...answer.examples.map(({ source: from, target: to, data }, n) =>
    make("button", { type: "button", "aria-pressed": "false", title: `${from} → ${to}`, onclick: () => choose(n) }, make("img", { src: png(data), alt: from, width: 44, height: 44 }))));
  const kept = recalled(`potstill-${TAB}`);
  if (!answer.examples[kept?.example]) return choose(0);
  bench.example = kept.example;
  try {
    await (kept.upload ? given(kept.upload, null) : open(kept.example));
    if (!kept.upload && !kept.lost) pressed(kept.example);
    refill(kept.form);
    await extra.set(kept.extra);
  } catch { return choose(0); }
  if (kept.run) {
    const found = await server[`${TAB}_find`]({ run: kept.run }).catch(() => null);
    if (found && !found.error) { bench.run = kept.run; watch(found, kept.running); }
  }
  if (kept.lost) tell(say("upload_lost"), "keep");
};
