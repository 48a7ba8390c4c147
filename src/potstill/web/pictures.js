// The tab Pictures: a picture, with a mask by brush or by keyboard, and what becomes of it.
const canvas = make("canvas", { class: "ps-picture", width: 64, height: 64, tabindex: 0, role: "application", "data-label": "picture_keys" });
const veil = document.createElement("canvas");
const photo = new Image();
const cover = { masked: false, frame: null };
const paintAll = () => {
  const context = canvas.getContext("2d"), { width, height } = canvas;
  context.imageSmoothingEnabled = width > 200;
  context.clearRect(0, 0, width, height);
  context.drawImage(photo, 0, 0, width, height);
  context.globalAlpha = 0.55;
  context.drawImage(veil, 0, 0);
  context.globalAlpha = 1;
  if (!cover.frame) return;
  const { x, y, w, h } = cover.frame, line = Math.max(width / 64, 1);
  for (const [colour, dash] of [["#fff", []], [COLOURS.target, [3 * line, 3 * line]]]) {
    context.strokeStyle = colour; context.lineWidth = line; context.setLineDash(dash);
    context.strokeRect(x * width, y * height, w * width, h * height);
  }
};
const load = (url) => new Promise((done, failed) => {
  photo.onload = () => {
    for (const each of [canvas, veil]) { each.width = photo.naturalWidth; each.height = photo.naturalHeight; }
    clearMask();
    done();
  };
  photo.onerror = () => failed(new Error(say("unreadable")));
  photo.src = url;
});
const marked = (draw) => {
  const context = veil.getContext("2d");
  context.fillStyle = COLOURS.source;
  draw(context, veil.width, veil.height);
  cover.masked = true;
  paintAll();
};
const brush = (event) => {
  if (!states.brush.checked || !(event.buttons & 1)) return;
  const box = canvas.getBoundingClientRect();
  marked((context, width, height) => {
    context.beginPath();
    context.arc(((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height, (size.value * width) / 200, 0, 7);
    context.fill();
  });
};
const clearMask = () => { veil.getContext("2d").clearRect(0, 0, veil.width, veil.height); Object.assign(cover, { masked: false, frame: null }); paintAll(); note(); };
const mask = () => {
  if (!cover.masked) return "";
  const out = document.createElement("canvas");
  out.width = veil.width; out.height = veil.height;
  const context = out.getContext("2d"), marks = veil.getContext("2d").getImageData(0, 0, veil.width, veil.height);
  for (let at = 0; at < marks.data.length; at += 4) marks.data.fill(marks.data[at + 3] > 127 ? 255 : 0, at, at + 3).fill(255, at + 3, at + 4);
  context.putImageData(marks, 0, 0);
  return out.toDataURL("image/png");
};
const keys = (event) => {
  if (event.key === "Delete") return clearMask();
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!states.brush.checked || !(move || event.key === "Enter")) return;
  event.preventDefault();
  const { x, y, w, h } = (cover.frame ??= { x: 0.25, y: 0.25, w: 0.5, h: 0.5 }), least = 1 / 16;
  if (move && event.shiftKey) Object.assign(cover.frame, { w: Math.min(Math.max(w + move[0] * least, least), 1 - x), h: Math.min(Math.max(h + move[1] * least, least), 1 - y) });
  else if (move) Object.assign(cover.frame, { x: Math.min(Math.max(x + move[0] * least, 0), 1 - w), y: Math.min(Math.max(y + move[1] * least, 0), 1 - h) });
  else { marked((context, width, height) => context.fillRect(x * width, y * height, w * width, h * height)); note(); }
  const part = (share) => Math.round(100 * share), now = cover.frame;
  tell(say(move ? "frame_at" : "frame_marked", { x: part(now.x), y: part(now.y), w: part(now.w), h: part(now.h) }), "keep");
  paintAll();
};
for (const kind of ["pointerdown", "pointermove"]) canvas.addEventListener(kind, brush);
canvas.addEventListener("pointerup", () => note());
canvas.addEventListener("keydown", keys);

const states = { brush: make("input", { type: "checkbox", name: "brush" }) };
const brushing = () => { canvas.classList.toggle("ps-brushing", states.brush.checked); find(".ps-hint").hidden = !states.brush.checked; };
states.brush.addEventListener("change", brushing);
const size = slider("brush_size", { min: 5, max: 60, step: 1, value: 25, show: (share) => `${share} %` });
const methods = methodChoices(CHOICES.methods, CHOICES.first, CHOICES.limits.panels);
upload.accept = "image/*";
find(".ps-controls").append(
  group("picture", make("div", { class: "ps-drop", ...dropping }, canvas), make("label", { class: "ps-choice" }, text("upload"), upload),
    make("div", { class: "ps-row" }, make("label", { class: "ps-check" }, states.brush, text("brush")), button("clear_mask", clearMask)),
    text("mask_keys", "p", { class: "ps-hint", hidden: true }), size.label, text("examples"), examples),
  group("methods", make("div", { class: "ps-pairs" }, ...methods.map(({ label }) => label)), scale.label,
    make("div", { class: "ps-pairs" }, stepsLabel, seedLabel)),
);
const asked = () => ({ ...common(), mask: mask(), ...(bench.upload ? { picture: bench.upload } : { example: bench.example }) });
const files = (n) => [button("save_png", fetched(n))];
const open = (n) => load(png(bench.examples[n].data));
const given = async (url, file) => {
  const found = file?.type === "image/png" ? await ask("pictures_settings", { picture: url }) : null;
  await load(url);
  bench.upload = url;
  filledFrom(found);
};
extra.get = () => mask();
extra.set = async (url) => {
  brushing();
  if (!url) return;
  const image = new Image();
  image.src = url;
  await image.decode();
  const context = veil.getContext("2d");
  context.drawImage(image, 0, 0, veil.width, veil.height);
  const marks = context.getImageData(0, 0, veil.width, veil.height);
  for (let at = 0; at < marks.data.length; at += 4) marks.data.set([213, 94, 0, marks.data[at] > 127 ? 255 : 0], at);
  context.putImageData(marks, 0, 0);
  cover.masked = true;
  paintAll();
};
const verb = () => "edit", started = () => {};
ready();
