const SILENCE = 2000; // ms without an answer from a kernel that claims to rest
const ENDED = ["dead", "terminating", "restarting", "autorestarting"];
const AGAIN = "Run > Run All Cells brings the controls back.";
const GONE = `The kernel has ended or was restarted, so these controls change nothing. ${AGAIN}`;
const SILENT = `The kernel does not answer, so these controls change nothing now. If it has ended, ${AGAIN}`;
const ACTS = ["input", "change", "click", "keydown", "pointerup"];
const SEEN = { childList: true, subtree: true, characterData: true, attributeFilter: ["aria-valuenow", "aria-valuetext"] };

function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value); // else the observer would call for ever
}

/** Gives every slider's handle its label and the value that stands beside it, and every control its own keys. */
function describe(box) {
  for (const row of box.querySelectorAll(".widget-inline-hbox")) {
    const handle = row.querySelector("[role=slider]"), label = row.querySelector("label");
    if (!handle || !label) continue;
    set(handle, "aria-label", label.textContent);
    const value = row.querySelector(".widget-readout");
    if (value) set(handle, "aria-valuetext", value.textContent);
  }
  for (const control of box.querySelectorAll("select, button, [role=slider]")) set(control, "data-lm-suppress-shortcuts", "true");
}

/** Calls `say` with words once the kernel has ended, or while it answers nothing; returns how to stop. */
function watchKernel(kernel, box, say) {
  let asked = false, ended = false;
  const look = () => {
    if (!kernel.isDisposed && !ENDED.includes(kernel.status)) return;
    ended = true;
    say(GONE);
  };
  const ask = async () => {
    if (asked || ended || kernel.isDisposed || kernel.status === "busy") return;
    asked = true;
    const answer = kernel.requestKernelInfo().then(() => true, () => false);
    const late = new Promise(done => setTimeout(done, SILENCE, false));
    if (!(await Promise.race([answer, late])) && !ended && kernel.status !== "busy") say(SILENT);
    if ((await answer) && !ended) say("");
    asked = false;
  };
  kernel.statusChanged.connect(look);
  kernel.disposed.connect(look);
  for (const act of ACTS) box.addEventListener(act, ask, { capture: true });
  look();
  return () => {
    kernel.statusChanged.disconnect(look);
    kernel.disposed.disconnect(look);
    for (const act of ACTS) box.removeEventListener(act, ask, { capture: true });
  };
}

function render({ model, el }) {
  el.classList.add("mrilib-kernel");
  el.setAttribute("role", "alert");
  const kernel = model.widget_manager?.kernel; // where the host has one
  const observer = new MutationObserver(() => describe(observer.box));
  let leave = () => {};
  const begin = () => {
    const box = el.closest(".widget-vbox");
    if (!box) return requestAnimationFrame(begin);
    observer.box = box;
    observer.observe(box, SEEN);
    describe(box);
    if (kernel) leave = watchKernel(kernel, box, words => { el.textContent = words; });
  };
  begin();
  return () => { observer.disconnect(); leave(); };
}

export default { render };
