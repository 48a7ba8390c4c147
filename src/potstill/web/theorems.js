// The tab Theorems: a figure and its sliders for each.
const place = (name) => find(`[data-theorem="${name}"]`);
const latest = {};
const redraw = {};

// Theorems 1 and 3: the sampler as lines, score distillation as dots
const twins = (name, least) => {
  const box = place(name), canvas = box.querySelector("canvas");
  const world = choice("world", CHOICES.worlds, { value: CHOICES.worlds[0], change: () => refresh() });
  const sigma = slider("sigma_share", { min: least, max: 1, step: 0.01, value: 0.5, change: () => refresh() });
  const scale = slider("guidance_scale", { min: 0, max: 7.5, step: 0.1, value: CHOICES.guidance, change: () => refresh() });
  box.querySelector(".ps-sliders").append(sigma.label, scale.label, world.label);
  const draw = (answer) => {
    const { context, width } = sharp(canvas), { steps, points } = answer;
    const [source, target, sampled, distilled] = ["source", "target", "sampled", "distilled"].map((part) => floats(answer[part]));
    const known = [...(name === "third" ? [...source, ...sampled] : []), ...target], xs = known.filter((_, n) => n % 2 === 0), ys = known.filter((_, n) => n % 2);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const half = (Math.max(right - left, high - low) / 2) * (name === "third" ? 1.1 : 1.35);
    const put = (list, at) => [((list[2 * at] - (left + right) / 2 + half) * width) / (2 * half), ((half - list[2 * at + 1] + (low + high) / 2) * width) / (2 * half)];
    context.strokeStyle = COLOURS.target; context.lineWidth = 1.8;
    for (let at = 0; at < target.length / 2; at++) {
      const [x, y] = put(target, at);
      context.beginPath(); context.moveTo(x - 4, y); context.lineTo(x + 4, y); context.moveTo(x, y - 4); context.lineTo(x, y + 4); context.stroke();
    }
    const circle = ([x, y], radius) => { context.beginPath(); context.arc(x, y, radius, 0, 7); };
    for (let n = 0; n < points; n++) {
      context.strokeStyle = ink(); context.globalAlpha = 0.55; context.lineWidth = 1.2; context.beginPath();
      for (let k = 0; k < steps; k++) context.lineTo(...put(sampled, k * points + n));
      context.stroke(); context.globalAlpha = 1;
      context.fillStyle = COLOURS.now;
      for (let k = 0; k < steps; k++) { circle(put(distilled, k * points + n), 2); context.fill(); }
      context.strokeStyle = COLOURS.source; context.lineWidth = 1.6;
      if (name === "third") { circle(put(distilled, n), 4); context.stroke(); }
      context.strokeStyle = ink(); circle(put(distilled, (steps - 1) * points + n), 4); context.stroke();
    }
    box.querySelector(".ps-value").textContent = say("difference", { value: answer.difference.toExponential(1) });
  };
  const refresh = refresher(`theorems_${name}`, () => ({ share: sigma.value, guidance_scale: scale.value, world: world.value }), (answer) => draw((latest[name] = answer)));
  redraw[name] = draw;
  return refresh;
};

// Theorem 2: psi and chi over t
const curves = () => {
  const box = place("second"), canvas = box.querySelector("canvas");
  const stride = slider("stride", { min: 0.001, max: 0.02, step: 0.001, value: CHOICES.pairing.stride, show: (value) => `${Math.round(1000 * value)} / 1000`, change: () => refresh() });
  const strength = slider("identity", { min: 0, max: 2, step: 0.01, value: CHOICES.pairing.strength, change: () => refresh() });
  box.querySelector(".ps-sliders").append(stride.label, strength.label);
  const draw = (answer) => {
    const { context, width, height } = sharp(canvas), { times, curves } = answer, room = 34;
    const lines = [["release", COLOURS.source, []], ["identity", COLOURS.now, [7, 4]], ["consistent", COLOURS.target, []]].map(([name, colour, dash]) => ({ values: curves[name].psi, colour, dash, name }));
    const top = Math.max(0.05, ...lines.flatMap(({ values }) => values)) * 1.08;
    const x = (t) => room + t * (width - room - 10), y = (value) => height - 24 - Math.sqrt(value / top) * (height - 40);
    context.strokeStyle = ink(); context.fillStyle = ink(); context.globalAlpha = 0.8; context.lineWidth = 1; context.font = "12px system-ui, sans-serif";
    context.beginPath(); context.moveTo(room, 8); context.lineTo(room, height - 24); context.lineTo(width - 8, height - 24); context.stroke();
    for (const t of [0, 0.5, 1]) context.fillText(String(t), x(t) - 4, height - 8);
    for (const value of [0, top / 16, top / 4, top]) context.fillText(value.toPrecision(2), 2, y(value) + 4);
    context.globalAlpha = 1;
    for (const { values, colour, dash } of lines) {
      context.strokeStyle = colour; context.lineWidth = 2.5; context.setLineDash(dash); context.beginPath();
      values.forEach((value, n) => context.lineTo(x(times[n]), y(value)));
      context.stroke();
    }
    context.setLineDash([]);
    box.querySelector(".ps-value").textContent = say("psi_largest", Object.fromEntries(lines.map(({ name, values }) => [name, Math.max(...values).toPrecision(2)])));
  };
  const refresh = refresher("theorems_second", () => ({ stride: stride.value, strength: strength.value }), (answer) => draw((latest.second = answer)));
  redraw.second = draw;
  return refresh;
};
const refreshes = [twins("first", 0), curves(), twins("third", 0.01)];
const all = () => { for (const [name, answer] of Object.entries(latest)) redraw[name](answer); };
new ResizeObserver(all).observe(find(".ps-theorems"));
new MutationObserver(all).observe(document.body, { attributes: true, attributeFilter: ["class"] });
onLanguage(all);
refill(recalled("potstill-theorems"));
element.addEventListener("change", () => remember("potstill-theorems", JSON.stringify(filled())));
for (const refresh of refreshes) refresh();
