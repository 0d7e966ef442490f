const START = { level: 0.5, width: 1 };
const LIMITS = { level: [0, 1.5], width: [0.02, 3] };
const STEP = 0.02; // of one key
const TRAVEL = 300; // pixels of dragging for 1
const KEYS = { ArrowUp: ["level", STEP], ArrowDown: ["level", -STEP], ArrowRight: ["width", STEP], ArrowLeft: ["width", -STEP] };
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" }; // Jupyter would move between cells by the arrow keys
const HELP = "Drag over the images, or press arrow keys on them: right and left change the width of the grey window, up and down change its level.";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** 256 colours, each as one pixel of a canvas: grey, or through the anchors of a heat map. */
function palettes(anchors) {
  const colours = anchors.map(code => [0, 2, 4].map(at => parseInt(code.slice(at, at + 2), 16)));
  const pixel = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
  const levels = [...Array(256).keys()];
  const warm = levels.map(index => {
    const place = index / 255 * (colours.length - 1), below = Math.min(Math.floor(place), colours.length - 2);
    return pixel(colours[below].map((low, k) => Math.round(low + (place - below) * (colours[below + 1][k] - low))));
  });
  return { grey: Int32Array.from(levels, level => pixel([level, level, level])), heat: Int32Array.from(warm) };
}

/** Draws one panel: 16-bit numbers through the window [low, high] (numbers too) and a palette. */
function paint(canvas, numbers, low, high, palette) {
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Int32Array(image.data.buffer), slope = 255 / (high - low);
  for (let k = 0; k < pixels.length; k++) {
    pixels[k] = palette[Math.max(0, Math.min(255, Math.round((numbers[k] - low) * slope)))];
  }
  context.putImageData(image, 0, 0);
}

function slider(name, change) {
  const [min, max] = LIMITS[name];
  const input = element("input", { type: "range", min, max, step: STEP, ...OWN_KEYS });
  input.addEventListener("input", () => change({ [name]: Number(input.value) }));
  return { input, label: element("label", {}, `${name} `, input) };
}

function render({ model, el }) {
  const palette = palettes(model.get("heat")), unit = model.get("unit"), factor = model.get("factor");
  const warm = `background: linear-gradient(to right, ${model.get("heat").map(code => `#${code}`).join(", ")})`;
  const window_ = { ...START };
  let drawn = [];

  const sliders = { level: slider("level", change), width: slider("width", change) };
  const reset = element("button", { class: "jupyter-button widget-button", type: "button" }, "reset window");
  const said = element("output", { "aria-live": "polite" });
  const strip = element("div", { class: "mrilib-panels", role: "group", tabindex: 0, "aria-label": HELP, ...OWN_KEYS });
  const controls = element("div", {}, sliders.level.label, sliders.width.label, reset, said);
  const root = element("div", { class: "mrilib-window" }, controls, strip, element("small", {}, HELP));
  el.append(root);

  function change(wanted) {
    for (const [name, value] of Object.entries(wanted)) {
      const [min, max] = LIMITS[name];
      window_[name] = Math.max(min, Math.min(max, value));
    }
    draw();
  }

  function draw() {
    const low = window_.level - window_.width / 2, high = window_.level + window_.width / 2;
    for (const { canvas, numbers, error, ends } of drawn) {
      ends.textContent = `0 to ${(high / factor).toFixed(2)} of the maximum`;
      if (error) paint(canvas, numbers, 0, high / factor * unit, palette.heat);
      else paint(canvas, numbers, low * unit, high * unit, palette.grey);
    }
    for (const name of ["level", "width"]) sliders[name].input.value = window_[name];
    const ends = `level ${window_.level.toFixed(2)}, width ${window_.width.toFixed(2)}: black ${low.toFixed(2)}, white ${high.toFixed(2)}`;
    said.textContent = `${ends} (1 is the target's maximum)`;
  }

  function load() {
    const { pixels, rows, columns, panels } = model.get("content");
    root.hidden = !panels;
    if (!panels) return;
    const all = new Uint16Array(pixels.buffer.slice(pixels.byteOffset, pixels.byteOffset + pixels.byteLength));
    drawn = panels.map(({ title, caption, error }, index) => {
      const label = `${title}: ${caption}`;
      const canvas = element("canvas", { width: columns, height: rows, role: "img", "aria-label": label });
      const numbers = all.subarray(index * rows * columns, (index + 1) * rows * columns);
      const ends = element("div", {}), bar = element("div", { class: "mrilib-scale", style: warm });
      const words = element("figcaption", {}, title, element("br"), caption);
      const figure = element("figure", {}, canvas, ...(error ? [bar, ends] : []), words);
      return { canvas, numbers, error, ends, figure };
    });
    strip.replaceChildren(...drawn.map(one => one.figure));
    draw();
  }

  strip.addEventListener("pointerdown", event => strip.setPointerCapture(event.pointerId));
  strip.addEventListener("pointermove", event => {
    if (!strip.hasPointerCapture(event.pointerId)) return;
    change({ level: window_.level - event.movementY / TRAVEL, width: window_.width + event.movementX / TRAVEL });
  });
  strip.addEventListener("keydown", event => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const [name, step] = KEYS[event.key];
    change({ [name]: window_[name] + step });
  });
  reset.addEventListener("click", () => change(START));
  const wait = () => root.setAttribute("aria-busy", model.get("busy"));
  model.on("change:content", load);
  model.on("change:busy", wait);
  load();
  wait();
  return () => { model.off("change:content", load); model.off("change:busy", wait); };
}

export default { render };
