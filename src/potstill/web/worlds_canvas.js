// The canvases of the tab Worlds: one a method, drawn from `board`, and drawn on.
const panes = (count) => {
  const place = find(".ps-panels");
  if (place.children.length === count) return;
  place.replaceChildren(...Array.from({ length: count }, (_, n) => {
    const canvas = make("canvas", { tabindex: 0, role: "img" });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointerleave"]) canvas.addEventListener(kind, (event) => pointer(event, canvas, n));
    canvas.addEventListener("keydown", (event) => keys(event, canvas, n));
    return make("figure", { class: "ps-panel" }, make("figcaption", {}, make("strong"), make("span"), make("small")), canvas);
  }));
};
const placed = (canvas, [x, y]) => {
  const { width } = canvas.getBoundingClientRect(), { half } = board.box, scale = width / (2 * half);
  return [(x - board.box.x + half) * scale, (half - (y - board.box.y)) * scale];
};
const at = (canvas, event) => {
  const box = canvas.getBoundingClientRect(), { half } = board.box, scale = box.width / (2 * half);
  const round = (value) => Number(value.toPrecision(5));
  return [round((event.clientX - box.left) / scale - half + board.box.x), round(half - (event.clientY - box.top) / scale + board.box.y)];
};
const dot = (context, [x, y], radius, fill) => { context.beginPath(); context.arc(x, y, radius, 0, 7); if (fill) context.fill(); else context.stroke(); };
const draw = () => {
  element.querySelectorAll(".ps-panel").forEach((pane, n) => {
    const canvas = pane.querySelector("canvas"), { context } = sharp(canvas), panel = board.panels[n];
    const put = (point) => placed(canvas, point), small = canvas.getBoundingClientRect().width < 260 ? 0.75 : 1;
    if (states.arrows.checked && board.field) drawField(context, put);
    context.strokeStyle = COLOURS.target; context.lineWidth = 2 * small;
    for (const point of board.target) {
      const [x, y] = put(point), arm = 4 * small;
      context.beginPath(); context.moveTo(x - arm, y); context.lineTo(x + arm, y); context.moveTo(x, y - arm); context.lineTo(x, y + arm); context.stroke();
    }
    context.strokeStyle = COLOURS.source; context.lineWidth = 1.2; context.globalAlpha = 0.55;
    for (const point of board.drawn && !board.run ? board.source : board.start) dot(context, put(point), 3 * small, false);
    context.globalAlpha = 1;
    if (!panel) return;
    if (states.trails.checked) drawTrails(context, put, n);
    context.fillStyle = COLOURS.now;
    const points = pairs(panel.points);
    if (board.step) for (const point of points) dot(context, put(point), 2.8 * small, true);
    if (board.hover?.panel === n && points[board.hover.index]) drawHover(context, put, points[board.hover.index]);
    if (board.cursor?.panel === n) { const [x, y] = put(board.cursor.point); context.strokeStyle = ink(); context.lineWidth = 1.5; context.strokeRect(x - 7, y - 7, 14, 14); }
    const [name, seen, cost] = pane.querySelector("figcaption").children;
    name.textContent = panel.name.includes("(") ? panel.name : panel.name.toUpperCase();
    seen.textContent = verdict(panel.verdict);
    cost.textContent = say("evaluations", { count: panel.evaluations.toLocaleString() });
    canvas.setAttribute("aria-label", `${name.textContent}. ${seen.textContent || say("at_start")}`);
  });
  find(".ps-progress").textContent = say("progress", { step: board.step, total: board.total });
};
const drawTrails = (context, put, n) => {
  context.strokeStyle = ink(); context.globalAlpha = 0.16; context.lineWidth = 1; context.beginPath();
  const trail = board.trails[n], every = Math.ceil(trail.length / 60), kept = trail.filter((_, k) => k % every === 0 || k === trail.length - 1);
  board.start.forEach((first, k) => {
    context.moveTo(...put(first));
    for (const points of kept) context.lineTo(...put([points[2 * k], points[2 * k + 1]]));
  });
  context.stroke(); context.globalAlpha = 1;
};
const drawField = (context, put) => {
  const { points, scores } = board.field, longest = Math.max(...scores.map(([x, y]) => Math.hypot(x, y))) || 1;
  const reach = (0.08 * board.box.half);
  context.strokeStyle = ink(); context.globalAlpha = 0.4; context.lineWidth = 1; context.beginPath();
  points.forEach(([x, y], k) => {
    const [u, v] = scores[k], size = Math.hypot(u, v) || 1, length = reach * Math.sqrt(size / longest);
    const [a, b] = put([x, y]), [c, d] = put([x + (u / size) * length, y + (v / size) * length]), turn = Math.atan2(d - b, c - a);
    context.moveTo(a, b); context.lineTo(c, d);
    for (const side of [2.6, -2.6]) { context.moveTo(c, d); context.lineTo(c + 4 * Math.cos(turn + side), d + 4 * Math.sin(turn + side)); }
  });
  context.stroke(); context.globalAlpha = 1;
};
const nearest = (points, [x, y]) => points.reduce((best, point, index) => {
  const distance = Math.hypot(point[0] - x, point[1] - y);
  return distance < best.distance ? { point, index, distance } : best;
}, { distance: Infinity });
const drawHover = (context, put, point) => {
  const from = board.start[board.hover.index], answer = nearest(board.target, point);
  context.lineWidth = 2;
  for (const [end, colour] of [[from, COLOURS.source], [answer.point, COLOURS.target]]) {
    if (!end) continue;
    context.strokeStyle = colour; context.beginPath(); context.moveTo(...put(point)); context.lineTo(...put(end)); context.stroke(); dot(context, put(end), 6, false);
  }
  context.strokeStyle = ink(); dot(context, put(point), 6, false);
};
const verdict = (seen) => !seen ? "" : say(`verdict_${seen.outcome}`, {
  spread: `${Math.round(100 * seen.spread)} %`, ratio: seen.ratio.toFixed(1), distance: seen.distance.toPrecision(2),
});
const sentence = () => {
  const judged = board.panels.filter((panel) => panel.verdict);
  const line = judged.length ? judged.map((panel) => say(`seen_${panel.verdict.outcome}`, { name: panel.name.includes("(") ? panel.name : panel.name.toUpperCase() })).join(" ") : say("seen_first");
  if (find(".ps-seen").textContent !== line) find(".ps-seen").textContent = line;
};

// Drawing and looking, with mouse, finger and keyboard
const put = (point) => {
  board.drawn ??= { source: [...board.source], target: [...board.target] };
  const { source, target } = board.drawn, near = 0.05 * board.box.half;
  if (board.tool === "erase") {
    const away = ([x, y]) => Math.hypot(x - point[0], y - point[1]) > 2 * near;
    board.drawn = { source: source.filter(away), target: target.filter(away) };
  } else {
    const list = board.tool === "red" ? source : target;
    if (nearest(list, point).distance < near || source.length + target.length >= CHOICES.limits.centres) return;
    list.push(point);
  }
  Object.assign(board, { source: board.drawn.source, target: board.drawn.target, run: null, step: 0 });
  board.panels = board.panels.map((panel) => ({ ...panel, points: new Float32Array(), verdict: null }));
  draw();
};
const pointer = (event, canvas, n) => {
  if (board.tool !== "look") {
    if (event.type === "pointerdown") { stop(); canvas.setPointerCapture(event.pointerId); board.drawing = true; }
    if (board.drawing && ["pointerdown", "pointermove"].includes(event.type)) put(at(canvas, event));
    if (event.type === "pointerup" && board.drawing) { board.drawing = false; restart(); }
    return;
  }
  if (event.type === "pointerleave") board.hover = null;
  else if (board.panels[n]?.points.length) {
    const found = nearest(pairs(board.panels[n].points), at(canvas, event));
    board.hover = found.distance < 0.08 * board.box.half ? { panel: n, index: found.index } : null;
    find(".ps-hover").textContent = board.hover ? hovered(found) : "";
  }
  if (!board.playing) draw();
};
const hovered = ({ point, index }) => {
  const show = ([x, y]) => `(${x.toFixed(2)}, ${y.toFixed(2)})`, answer = nearest(board.target, point);
  return say("hover", { start: show(board.start[index]), now: show(point), answer: show(answer.point), distance: answer.distance.toFixed(2) });
};
const keys = (event, canvas, n) => {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }, move = moves[event.key];
  if (event.key === " " && board.tool === "look") { event.preventDefault(); play.click(); return; }
  if (board.tool === "look" || !(move || event.key === "Enter")) return;
  event.preventDefault();
  const step = 0.05 * board.box.half, [x, y] = board.cursor?.point ?? [board.box.x, board.box.y];
  board.cursor = { panel: n, point: move ? [x + move[0] * step, y + move[1] * step] : [x, y] };
  if (event.key === "Enter") { put(board.cursor.point.map((value) => Number(value.toPrecision(5)))); later(); }
  draw();
};
const arrows = async () => {
  board.field = null;
  if (states.arrows.checked && board.run) {
    const answer = await ask("worlds_score", { run: board.run, time: controls.arrows_at.value });
    if (answer) board.field = { points: pairs(floats(answer.points)), scores: pairs(floats(answer.scores)) };
  }
  draw();
};
new ResizeObserver(() => board.box && draw()).observe(find(".ps-panels"));
new MutationObserver(() => board.box && draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
onLanguage(() => { if (board.box) { draw(); sentence(); } });

(async () => {
  if (fromLink()) return restart();
  const kept = recalled("potstill-worlds");
  if (!kept) return restart();
  refill(kept.form);
  const answer = await server.worlds_find({ run: kept.run ?? "", kind: "png" }).catch(() => null);
  if (!answer || answer.error) return restart();
  shown(answer);
  if (!CHOICES.worlds.includes(answer.world)) board.drawn = { source: board.source, target: board.target };
})();
