// Explorers whose images were made before: a control for each choice, and the images of the chosen view.
const SHORT = 8; // longer lists of values are scrubbed with a slider
let count = 0;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A list or a slider over `values`; calls `change` with the place of the chosen one. */
function control(name, values, change) {
  const id = `image-explorer-${count++}`, label = element("label", { for: id }, name);
  if (values.length <= SHORT) {
    const options = values.map((text, value) => element("option", { value }, text));
    const list = element("select", { id }, ...options);
    list.addEventListener("change", () => change(Number(list.value)));
    return element("div", {}, label, list);
  }
  const slider = element("input", { id, type: "range", min: 0, max: values.length - 1, value: 0 });
  const said = element("output", { for: id });
  const say = () => { said.textContent = values[slider.value]; slider.setAttribute("aria-valuetext", values[slider.value]); };
  slider.addEventListener("input", () => { say(); change(Number(slider.value)); });
  say();
  return element("div", {}, label, slider, said);
}

/** One part: its controls, and for their places the view `views[first][second]…`. */
function part({ name, controls, views }) {
  const chosen = Object.keys(controls).map(() => 0);
  const row = element("div", { class: "images", "aria-live": "polite" });
  const show = () => {
    const view = chosen.reduce((inside, place) => inside[place], views);
    row.replaceChildren(...view.map(({ source, caption }) =>
      element("figure", {}, element("img", { src: CONTENT.images[source], alt: caption, class: "dark-light" }), element("figcaption", {}, caption))));
  };
  const rows = Object.entries(controls).map(([label, values], at) =>
    control(label, values, place => { chosen[at] = place; show(); }));
  show();
  return element("fieldset", {}, element("legend", {}, name), element("div", { class: "choices" }, ...rows), row);
}

for (const place of document.querySelectorAll(".image-explorer")) {
  place.replaceChildren(element("p", {}, CONTENT.title), ...CONTENT.parts.map(part));
}
