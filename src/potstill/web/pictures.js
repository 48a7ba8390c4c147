// The tab Pictures: a picture, two prompts, methods; and what becomes of it while one watches.
const bench = { run: null, running: false, picture: "", example: 0, masked: false, before: "", panels: [], words: [] };
const png = (data) => `data:image/png;base64,${data}`;

// The picture, with a brush for the mask over it
const canvas = make("canvas", { class: "ps-picture", width: 64, height: 64, tabindex: 0, role: "img", "data-label": "picture" });
const veil = document.createElement("canvas");
const photo = new Image();
const paintAll = () => {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = canvas.width > 200;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = 0.55;
  context.drawImage(veil, 0, 0);
  context.globalAlpha = 1;
};
const load = (url) => new Promise((done, failed) => {
  photo.onload = () => {
    for (const each of [canvas, veil]) { each.width = photo.naturalWidth; each.height = photo.naturalHeight; }
    bench.masked = false;
    paintAll();
    done();
  };
  photo.onerror = () => failed(new Error(say("unreadable")));
  photo.src = url;
});
const brush = (event) => {
  if (!states.brush.checked || !(event.buttons & 1)) return;
  const box = canvas.getBoundingClientRect(), context = veil.getContext("2d"), size = controls.brush_size.value / 100;
  const x = ((event.clientX - box.left) / box.width) * veil.width, y = ((event.clientY - box.top) / box.height) * veil.height;
  context.fillStyle = COLOURS.source;
  context.beginPath(); context.arc(x, y, (size * veil.width) / 2, 0, 7); context.fill();
  bench.masked = true;
  paintAll();
};
const clearMask = () => { veil.getContext("2d").clearRect(0, 0, veil.width, veil.height); bench.masked = false; paintAll(); };
const mask = () => {
  if (!bench.masked) return "";
  const out = document.createElement("canvas");
  out.width = veil.width; out.height = veil.height;
  const context = out.getContext("2d"), marks = veil.getContext("2d").getImageData(0, 0, veil.width, veil.height);
  for (let at = 0; at < marks.data.length; at += 4) marks.data.fill(marks.data[at + 3] > 127 ? 255 : 0, at, at + 3).fill(255, at + 3, at + 4);
  context.putImageData(marks, 0, 0);
  return out.toDataURL("image/png");
};
for (const kind of ["pointerdown", "pointermove"]) canvas.addEventListener(kind, brush);
canvas.addEventListener("keydown", (event) => { if (event.key === "Delete") clearMask(); });

const states = {}, controls = {};
states.brush = make("input", { type: "checkbox", name: "brush", onchange: () => canvas.classList.toggle("ps-brushing", states.brush.checked) });
controls.brush_size = slider("brush_size", { min: 5, max: 60, step: 1, value: 25, show: (size) => `${size} %` });
const upload = make("input", { type: "file", accept: "image/*", onchange: () => take(upload.files[0]) });
const take = async (file) => {
  if (!file) return;
  try {
    const url = await asURL(file);
    const found = file.type === "image/png" ? await ask("pictures_settings", { picture: url }) : null;
    await load(url);
    bench.picture = url;
    if (found?.settings) {
      fill(found.settings);
      tell(say(found.settings.method ? "settings_found" : "settings_other", { method: found.text }), "keep");
    }
  } catch (error) { tell(error.message, "error"); }
  upload.value = "";
};
const fill = (settings) => {
  source.input.value = settings.source; target.input.value = settings.target;
  controls.guidance_scale.value = settings.guidance_scale;
  steps.value = settings.steps ?? ""; seed.value = settings.seed;
  if (settings.method) methods.forEach((each, n) => { each.value = n ? "-" : settings.method; });
};
const drop = make("div", { class: "ps-drop",
  ondragover: (event) => event.preventDefault(),
  ondrop: (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); } }, canvas);

// Prompts, completed from the words of the model
const prompt = (key) => {
  const list = make("ul", { class: "ps-words", role: "listbox", id: `ps-words-${key}`, "data-label": "suggestions", hidden: true });
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
const number = (key, attributes) => {
  const input = make("input", { type: "number", name: key, ...attributes });
  return { input, label: make("label", { class: "ps-choice" }, text(key), input) };
};
controls.guidance_scale = slider("guidance_scale", { min: 0, max: 15, step: 0.1, value: CHOICES.begin.guidance_scale });
const { input: steps, label: stepsLabel } = number("edit_steps", { min: 1, max: CHOICES.limits.steps, placeholder: say("steps_own"), "data-hint": "steps_own" });
const { input: seed, label: seedLabel } = number("seed", { min: 0, step: 1, value: CHOICES.begin.seed });
const methods = Array.from({ length: CHOICES.limits.panels }, (_, n) =>
  choice("method", ["-", ...CHOICES.methods], { value: n ? "-" : CHOICES.first }));
methods.forEach(({ label }, n) => label.firstChild.replaceWith(make("span", {}, text("method"), ` ${n + 1}`)));
const examples = make("div", { class: "ps-examples", role: "group", "data-label": "examples" });
find(".ps-controls").append(
  group("picture", drop, make("label", { class: "ps-choice" }, text("upload"), upload),
    make("div", { class: "ps-row" }, make("label", { class: "ps-check" }, states.brush, text("brush")), button("clear_mask", clearMask)),
    controls.brush_size.label, text("examples"), examples),
  group("methods", make("div", { class: "ps-pairs" }, ...methods.map(({ label }) => label)), controls.guidance_scale.label,
    make("div", { class: "ps-pairs" }, stepsLabel, seedLabel)),
);
const go = button("edit", () => (bench.running ? halt() : edit()), { class: "ps-button ps-main", id: "ps-edit" });
find(".ps-buttons").before(group("prompts", source.label, target.label));
find(".ps-buttons").append(go);

// Runs
const halt = () => { bench.running = false; go.dataset.text = "edit"; go.textContent = say("edit"); };
const edit = async () => {
  find(".ps-notes").replaceChildren();
  const begun = await ask("pictures_begin", {
    source: source.input.value, target: target.input.value, mask: mask(), run: bench.run ?? "",
    methods: [...new Set(methods.map((each) => each.value).filter((name) => name !== "-"))],
    ...(bench.picture ? { picture: bench.picture } : { example: bench.example }),
    guidance_scale: controls.guidance_scale.value, steps: steps.value === "" ? null : Number(steps.value), seed: Number(seed.value),
  });
  if (!begun) return;
  Object.assign(bench, { run: begun.run, before: begun.before, running: true });
  go.dataset.text = "stop"; go.textContent = say("stop");
  find(".ps-notes").append(...begun.notes.map((note) => make("li", {}, note)));
  figures(begun);
  show(begun);
  follow();
};
const follow = async () => {
  while (bench.running) {
    const answer = await ask("pictures_advance", { run: bench.run });
    if (!answer) break;
    show(answer);
    if (answer.done) break;
    while (bench.running && document.hidden) await pause(300);
  }
  const ended = bench.running;
  halt();
  bench.left = null;
  find("p.ps-progress").textContent = "";
  if (bench.panels.length) keep();
  if (!ended) tell(say("stopped"), "keep");
};
const figures = (answer) => {
  find(".ps-results").replaceChildren(...answer.panels.map((panel, n) => {
    const after = make("img", { alt: "", class: "ps-after" }), wipe = make("input", { type: "range", min: 0, max: 100, value: 0, "data-label": "wipe", "aria-label": say("wipe") });
    const before = make("img", { src: png(answer.before), alt: "", class: "ps-before" });
    const pull = () => { before.style.clipPath = `inset(0 ${100 - wipe.value}% 0 0)`; };
    wipe.addEventListener("input", pull); pull();
    return make("figure", { class: "ps-panel" },
      make("figcaption", {}, make("strong", {}, panel.name.toUpperCase()), make("span"), make("progress", { max: panel.total, value: 0, "data-label": "progress_bar", "aria-label": say("progress_bar") })),
      make("div", { class: "ps-wipe" }, after, before), wipe,
      make("div", { class: "ps-row" }, button("save_png", async () => { const file = await ask("pictures_take", { run: bench.run, index: n }); if (file) save(file); })));
  }));
};
const show = (answer) => {
  bench.panels = answer.panels;
  bench.left = answer.done ? null : answer.seconds_left;
  [...find(".ps-results").children].forEach((figure, n) => {
    const panel = answer.panels[n], picture = figure.querySelector(".ps-after");
    picture.src = png(panel.data);
    picture.alt = say("result_of", { name: panel.name, target: target.input.value });
    figure.querySelector("progress").value = panel.step;
    figure.querySelector("figcaption span").textContent = say("edit_progress", { step: panel.step, total: panel.total, count: panel.evaluations });
  });
  find("p.ps-progress").textContent = bench.left == null ? "" : say("seconds_left", { seconds: Math.ceil(bench.left) });
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
onLanguage(() => bench.panels.length && show({ panels: bench.panels, done: !bench.running, seconds_left: bench.left }));

(async () => {
  const answer = await ask("pictures_examples", {});
  if (!answer) return;
  bench.words = answer.words;
  const choose = async (n) => {
    const { source: from, target: to, data } = answer.examples[n];
    Object.assign(bench, { example: n, picture: "" });
    source.input.value = from; target.input.value = to;
    [...examples.children].forEach((each, k) => each.setAttribute("aria-pressed", String(k === n)));
    await load(png(data));
  };
  examples.append(...answer.examples.map(({ source: from, target: to, data }, n) =>
    make("button", { type: "button", "aria-pressed": "false", title: `${from} → ${to}`, onclick: () => choose(n) }, make("img", { src: png(data), alt: from, width: 44, height: 44 }))));
  await choose(0);
})();
