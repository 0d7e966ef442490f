// A table or formula that is wider than its place takes the keyboard, so that arrow keys scroll it.
const boxes = document.querySelectorAll(".wide, .formula");
const watch = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const box of boxes) watch.observe(box);
