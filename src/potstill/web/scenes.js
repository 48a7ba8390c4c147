// The tab 3D: a scene that is made or edited, and a view of it that turns while it runs.
const kind = choice("task", ["generate", "edit"], { value: "generate", names: (name) => `task_${name}`, change: () => suit() });
const made = choice("made_of", ["gaussians", "volume"], { value: "gaussians", names: (name) => `made_of_${name}` });
const model = choice("model", CHOICES.models, { value: CHOICES.models[0], names: (name) => `model_${name.replace(":", "_")}`, change: () => suit() });
const method = choice("method", CHOICES.methods.generate, { value: CHOICES.first.generate });
const methods = [method];
const start = { of: "", index: 0, ending: ".ply" };
const origin = make("img", { alt: "", class: "ps-origin", draggable: "false" });
upload.accept = ".ply,.splat";
const begun = make("div", { class: "ps-drop", ...dropping }, origin);
const choices = group("scene", begun, make("label", { class: "ps-choice" }, text("upload_scene"), upload), text("examples"), examples);
const toys = make("p", { class: "ps-hint" });
find(".ps-prompts").append(toys);
find(".ps-controls").append(group("task", kind.label, model.label, made.label), choices,
  group("methods", method.label, scale.label, make("div", { class: "ps-pairs" }, stepsLabel, seedLabel)));
const verb = () => kind.value;
const suit = () => {
  const edit = kind.value === "edit";
  choices.hidden = source.label.hidden = !edit;
  made.label.hidden = edit;
  target.label.querySelector("[data-text]").dataset.text = edit ? "target" : "prompt";
  const names = CHOICES.methods[kind.value];
  if (method.select.dataset.of !== kind.value) {
    method.select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
    method.value = CHOICES.first[kind.value];
    method.select.dataset.of = kind.value;
  }
  const of = `${kind.value} ${model.value}`, begin = CHOICES.begin.of[kind.value][model.value];
  if (scale.label.dataset.of !== of) {
    scale.label.dataset.of = of;
    scale.value = begin.guidance_scale;
    steps.value = begin.steps ?? "";
  }
  if (!bench.running) going(false);
  toys.textContent = say("toys", { names: CHOICES.toys[model.value].join(", ") });
  relabel();
};

// The view
const turn = { azimuth: CHOICES.aim.azimuth, elevation: CHOICES.aim.elevation };
const looked = refresher("scenes_find", () => ({ run: bench.run, ...turn }), (answer) => { show(answer); });
const azimuth = slider("azimuth", { min: -180, max: 180, step: 1, value: turn.azimuth, show: (angle) => `${angle}°`, change: (angle) => aim(angle, turn.elevation) });
const elevation = slider("elevation", { min: -85, max: 85, step: 1, value: turn.elevation, show: (angle) => `${angle}°`, change: (angle) => aim(turn.azimuth, angle) });
const aim = (angle, height) => {
  turn.azimuth = ((((Math.round(angle) + 180) % 360) + 360) % 360) - 180;
  turn.elevation = Math.min(Math.max(Math.round(height), -85), 85);
  azimuth.value = turn.azimuth; elevation.value = turn.elevation;
  if (bench.run) looked();
};
const stage = find(".ps-results");
stage.before(make("div", { class: "ps-row ps-aim" }, azimuth.label, elevation.label));
let held = null;
stage.addEventListener("pointerdown", (event) => {
  const view = event.target.closest(".ps-wipe");
  if (!view || !bench.run) return;
  view.setPointerCapture(event.pointerId);
  held = { x: event.clientX, y: event.clientY, ...turn };
});
stage.addEventListener("pointermove", (event) => { if (held) aim(held.azimuth - 0.7 * (event.clientX - held.x), held.elevation + 0.5 * (event.clientY - held.y)); });
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { held = null; note(); });
stage.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, 10], ArrowDown: [0, -10] }[event.key];
  if (!move || !event.target.closest(".ps-wipe")) return;
  event.preventDefault();
  aim(turn.azimuth + move[0], turn.elevation + move[1]);
  note();
});
new MutationObserver(() => {
  for (const view of stage.querySelectorAll(".ps-wipe:not([tabindex])")) {
    for (const [name, value] of [["tabindex", "0"], ["role", "application"], ["data-label", "view_keys"], ["aria-label", say("view_keys")]]) view.setAttribute(name, value);
  }
}).observe(stage, { childList: true });

const asked = () => ({
  ...common(), ...turn, task: kind.value, model: model.value,
  ...(kind.value === "generate" ? { made_of: made.value, source: "" }
    : start.of ? { of_run: start.of, index: start.index } : bench.upload ? { scene: bench.upload, ending: start.ending } : { index: bench.example }),
});
const files = (n, answer) => [...answer.endings.map((ending) => button(`save_${ending.slice(1)}`, fetched(n, { kind: ending }))),
  ...(answer.editable ? [button("edit_this", () => editThis(n))] : [])];
const open = async (n) => { Object.assign(start, { of: "" }); origin.src = png(bench.examples[n].data); };
const given = async (url, file) => {
  const ending = (file ? file.name : start.name ?? "").match(/\.splat$/i) ? ".splat" : ".ply";
  Object.assign(start, { of: "", ending, name: file?.name ?? start.name });
  const answer = await ask("scenes_open", { scene: url, ending });
  if (!answer) throw new Error(find(".ps-message").textContent);
  origin.src = png(answer.data);
  bench.upload = url;
};
const editThis = (n) => {
  Object.assign(start, { of: bench.run, index: n });
  origin.src = stage.children[n].querySelector(".ps-after").src;
  source.input.value = target.input.value;
  target.input.value = "";
  pressed(-1);
  kind.value = "edit";
  suit();
  note();
  target.input.focus();
};
extra.get = () => ({ start, origin: start.of ? origin.src : "", method: method.value, scale: scale.value, steps: steps.value });
extra.set = (kept) => {
  Object.assign(start, kept?.start);
  Object.assign(turn, { azimuth: azimuth.value, elevation: elevation.value });
  if (kept?.origin.startsWith("data:image/png;base64,")) origin.src = kept.origin;
  suit();
  if (kept) { method.value = kept.method; scale.value = kept.scale; steps.value = kept.steps; }
};
// The scene that an edit began from is that of the new run: the earlier run has ended.
const started = () => { if (kind.value === "edit" && start.of) Object.assign(start, { of: bench.run, index: -1 }); };
onLanguage(suit);
suit();
ready();
