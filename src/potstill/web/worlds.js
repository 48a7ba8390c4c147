// The tab Worlds: drawing, the flow of points, and what is seen of it.
const board = {
  run: null, playing: false, tool: "look", panels: [], drawn: null, trails: [], source: [], target: [], start: [],
  box: null, field: null, cursor: null, hover: null, step: 0, total: 0,
};
const pairs = (array) => Array.from({ length: array.length / 2 }, (_, n) => [array[2 * n], array[2 * n + 1]]);

// Controls
const live = CHOICES.live;
const controls = {
  world: choice("world", CHOICES.worlds, { value: CHOICES.worlds[0], change: () => { board.drawn = null; restart(); } }),
  points: slider("points", { min: 1, max: CHOICES.limits.points, step: 1, value: CHOICES.begin.points, change: () => later() }),
  guidance_scale: slider("guidance_scale", { min: 0, max: 20, step: 0.1, value: live.guidance_scale }),
  learning_rate: slider("learning_rate", {
    min: -4, max: 0, step: 0.02, value: Math.log10(live.learning_rate), show: (power) => (10 ** power).toPrecision(2),
  }),
  noise: choice("noise", CHOICES.noises, { value: live.noise, names: (name) => `noise_${name}` }),
  share: slider("share", { min: 0, max: 1, step: 0.01, value: live.share, change: () => { controls.noise.value = "mixed"; } }),
  identity: slider("identity", { min: 0, max: 2, step: 0.01, value: live.identity, change: () => { states.identity.checked = true; } }),
  times: choice("times", ["own", "random", "falling"], { value: live.times, names: (name) => `times_${name}` }),
  low: slider("low", { min: 0, max: 1, step: 0.01, value: live.low, change: () => bounds("low") }),
  high: slider("high", { min: 0, max: 1, step: 0.01, value: live.high, change: () => bounds("high") }),
  speed: slider("speed", { min: 1, max: 20, step: 1, value: 4 }),
  arrows_at: slider("arrows_at", { min: 0, max: 1, step: 0.01, value: 0.3, change: () => { states.arrows.checked = true; arrows(); } }),
};
const states = {};
const check = (key, checked, change = () => {}) => {
  states[key] = make("input", { type: "checkbox", name: key, checked, onchange: change });
  return make("label", { class: "ps-check" }, states[key], text(key));
};
const bounds = (moved) => {
  if (controls.times.value === "own") controls.times.value = "random";
  const other = moved === "low" ? "high" : "low";
  if (controls.low.value > controls.high.value) controls[other].value = controls[moved].value;
};
const methods = Array.from({ length: CHOICES.limits.panels }, (_, n) =>
  choice("method", ["-", ...CHOICES.methods], { value: CHOICES.first[n] ?? "-", change: () => restart() }));
methods.forEach(({ label }, n) => label.firstChild.replaceWith(make("span", {}, text("method"), ` ${n + 1}`)));
const settings = () => ({
  guidance_scale: controls.guidance_scale.value,
  learning_rate: Number((10 ** controls.learning_rate.value).toPrecision(3)),
  noise: controls.noise.value, share: controls.share.value,
  identity: states.identity.checked ? controls.identity.value : null,
  times: controls.times.value, low: controls.low.value, high: controls.high.value,
});
const tools = ["look", "red", "blue", "erase"].map((name) =>
  button(`tool_${name}`, () => pick(name), { "aria-pressed": String(name === "look"), "data-tool": name }));
const pick = (name) => {
  board.tool = name;
  for (const each of tools) each.setAttribute("aria-pressed", String(each.dataset.tool === name));
};
const upload = make("input", { type: "file", accept: ".csv,.tsv,text/csv", onchange: () => take(upload.files[0]) });
const play = button("play", () => (board.playing ? stop() : start()), { class: "ps-button ps-main", id: "ps-play" });
const code = make("pre", { class: "ps-code", tabindex: 0, hidden: true });
find(".ps-controls").append(
  group("world", controls.world.label, make("div", { class: "ps-row" }, ...tools, button("clear", () => clear())),
    make("label", { class: "ps-choice" }, text("csv"), upload), controls.points.label),
  group("methods", make("div", { class: "ps-pairs" }, ...methods.map(({ label }) => label))),
  group("live", controls.guidance_scale.label, controls.learning_rate.label, controls.noise.label, controls.share.label,
    check("identity_on", false), controls.identity.label, controls.times.label,
    make("div", { class: "ps-pairs" }, controls.low.label, controls.high.label)),
);
states.identity = states.identity_on;
find(".ps-buttons").append(play, button("step", () => advance(1)), button("restart", () => restart()), controls.speed.label);
find(".ps-show").append(check("trails", true, () => draw()), check("arrows", false, () => arrows()), controls.arrows_at.label);
find(".ps-files").append(
  ...["png", "gif", "json", "csv"].map((kind) => button(`save_${kind}`, () => download(kind))),
  button("code", () => showCode(), { "aria-expanded": "false" }), button("share_link", () => shareLink()));
find(".ps-files").after(code);
find(".ps-legend").append(...["source", "target", "now"].map((name) =>
  make("span", { class: `ps-key ps-${name}` }, text(`legend_${name}`))));

// Runs
let changed = null;
const later = () => { clearTimeout(changed); changed = setTimeout(restart, 200); };
const table = () => ["x,y,label", ...board.drawn.source.map(([x, y]) => `${x},${y},1`),
  ...board.drawn.target.map(([x, y]) => `${x},${y},2`), ""].join("\n");
const begin = () => ({
  ...settings(), methods: methods.map((each) => each.value).filter((name) => name !== "-"),
  points: controls.points.value, run: board.run ?? "",
  ...(board.csv ? { csv: board.csv } : board.drawn ? { csv: base64(table()) } : { world: controls.world.value }),
});
const restart = async () => {
  stop();
  if (board.drawn && !(board.drawn.source.length && board.drawn.target.length && board.drawn.source.length + board.drawn.target.length > 2)) {
    tell(say("draw_both"));
    return draw();
  }
  const answer = await ask("worlds_begin", begin());
  if (answer) shown(answer);
  return answer;
};
const shown = (answer) => {
  Object.assign(board, { run: answer.run, total: answer.total, trails: answer.panels.map(() => []) });
  for (const name of ["source", "target", "start"]) board[name] = pairs(floats(answer[name]));
  board.box = around([...board.source, ...board.target]);
  note();
  panes(answer.panels.length);
  frame(answer);
  if (states.arrows.checked) arrows();
};
const note = () => remember("potstill-worlds", JSON.stringify({ run: board.run, form: filled() }));
element.addEventListener("change", note);
const around = (points) => {
  if (points.length === 0) return { x: 0, y: 0, half: 2 };
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { x: (left + right) / 2, y: (low + high) / 2, half: (Math.max(right - left, high - low) || 2) * 0.85 };
};
const frame = (answer) => {
  board.panels = answer.panels.map((panel, n) => {
    const points = floats(panel.points);
    if (board.step !== answer.step) board.trails[n].push(points);
    if (board.trails[n].length > 400) board.trails[n] = board.trails[n].filter((_, at) => at % 2);
    return { ...panel, points, verdict: panel.verdict ?? (answer.step ? board.panels[n]?.verdict : null) };
  });
  board.step = answer.step;
  if (answer.done) stop();
  draw();
  sentence();
};
const advance = async (steps) => {
  if (!board.run && !(await restart())) return null;
  const judge = !board.playing || steps === 0 || performance.now() - (board.judged ?? 0) > 1000;
  const answer = await ask("worlds_advance", { ...settings(), run: board.run, steps, judge });
  if (!answer) { stop(); return null; }
  if (judge) board.judged = performance.now();
  frame(answer);
  return answer;
};
const start = async () => {
  board.playing = true;
  play.dataset.text = "pause"; relabel();
  while (board.playing) {
    const began = performance.now();
    if (!(await advance(controls.speed.value))) break;
    await pause(Math.max(0, 33 - (performance.now() - began)));
    while (board.playing && (document.hidden || !element.isConnected)) await pause(300);
  }
  if (board.step) advance(0);
};
const stop = () => { board.playing = false; play.dataset.text = "play"; play.textContent = say("play"); };
for (const each of Object.values(controls)) (each.input ?? each.select).addEventListener("input", () => {
  if (!board.playing && board.step && each !== controls.points && each !== controls.world) { clearTimeout(changed); changed = setTimeout(() => advance(0), 100); }
});

// Files
const fetched = async (kind) => (board.run || (await restart())) && ask("worlds_take", { run: board.run, kind });
const download = async (kind) => { const file = await fetched(kind); if (file) save(file); };
const showCode = async () => {
  const opener = find('[data-text="code"]');
  if (!code.hidden) { code.hidden = true; opener.setAttribute("aria-expanded", "false"); return; }
  const file = await fetched("py");
  if (!file) return;
  code.textContent = new TextDecoder().decode(bytes(file.data));
  code.hidden = false;
  opener.setAttribute("aria-expanded", "true");
};
const shareLink = async () => {
  const { run, csv, ...rest } = begin();
  const kept = { ...rest, ...(board.drawn ? { drawn: board.drawn } : {}) };
  location.hash = `worlds=${encodeURIComponent(base64(JSON.stringify(kept)))}`;
  try { await navigator.clipboard.writeText(location.href); } catch { /* the address bar has it */ }
  tell(say(csv && !board.drawn ? "link_without_csv" : "link_made"), "keep");
};
const fromLink = () => {
  const found = location.hash.match(/worlds=([^&]+)/);
  if (!found) return false;
  try {
    const kept = JSON.parse(new TextDecoder().decode(bytes(decodeURIComponent(found[1]))));
    for (const name of Object.keys(controls)) if (typeof kept[name] === typeof controls[name].value) controls[name].value = kept[name];
    controls.learning_rate.value = Math.log10(kept.learning_rate);
    if (kept.identity != null) { states.identity.checked = true; controls.identity.value = kept.identity; }
    methods.forEach((each, n) => { each.value = CHOICES.methods.includes(kept.methods[n]) ? kept.methods[n] : "-"; });
    const fine = (list) => Array.isArray(list) && list.every((point) => point.length === 2 && point.every(Number.isFinite));
    if (kept.drawn && fine(kept.drawn.source) && fine(kept.drawn.target)) board.drawn = kept.drawn;
    return true;
  } catch { tell(say("link_broken"), "error"); return false; }
};
const take = async (file) => {
  if (!file) return;
  try {
    board.csv = (await asURL(file)).split(",")[1] ?? "";
    if (await restart()) board.drawn = { source: board.source, target: board.target };
    board.csv = null;
  } catch (error) { tell(error.message, "error"); }
  upload.value = "";
};
const clear = () => { board.drawn = { source: [], target: [] }; Object.assign(board, { source: [], target: [], start: [], box: { x: 0, y: 0, half: 2 }, run: null, field: null, step: 0 });
  board.panels = board.panels.map((panel) => ({ ...panel, points: new Float32Array(), verdict: null })); board.trails = board.trails.map(() => []); stop(); pick("red"); draw(); tell(say("draw_both")); };
