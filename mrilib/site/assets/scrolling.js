// A table, formula or figure that is wider than its place takes the keyboard, so that arrow keys scroll it; the style
// fades the edge behind which there is more.
const boxes = document.querySelectorAll(".wide, .formula, figure.chart, .cell_output .output, .pst-scrollable-table-container");
const look = (box) => {
  const more = box.scrollWidth - box.clientWidth;
  if (more > 1) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
  box.classList.toggle("more", box.scrollLeft < more - 8);
};
const watch = new ResizeObserver((changes) => changes.forEach(({ target }) => look(target)));
for (const box of boxes) {
  watch.observe(box);
  box.addEventListener("scroll", () => look(box), { passive: true });
}

// The meaning of a term stays on the page, also beside its right edge.
document.addEventListener("focusin", ({ target }) => {
  if (!target.matches("abbr.term")) return;
  const room = document.documentElement.clientWidth - 16, text = getComputedStyle(target, "::after");
  target.style.setProperty("--shift", `${Math.min(0, room - target.getBoundingClientRect().left - parseFloat(text.width) - 24)}px`);
});
