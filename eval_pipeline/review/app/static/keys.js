// From a key to what it does. Keys are quiet while one types in a field, in a dialog, and with Ctrl, Alt or Meta held.

const MOVES = new Set(["j", "k", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Tab"]);
const TYPED = /^(text|search|number|password|email|url|tel|date|time)$/;

/** Whether `element` takes letters. */
export function isField(element) {
  if (!(element instanceof HTMLElement)) return false;
  return element.isContentEditable || element.matches("textarea, select") || (element.matches("input") && TYPED.test(element.type));
}

/** Run `map[key](event)` for each key; one that returns false leaves the key to the browser. */
export function listen(map) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const target = event.target;
    if (target instanceof Element && target.closest("dialog")) return;
    if (event.key === "Escape") {
      if (isField(target) || target.matches?.("button, a, summary, input, fieldset")) target.blur();
      map.Escape?.(event);
      return;
    }
    if (isField(target)) return;
    // A key held down moves, and does nothing else: a held Enter would lock, submit and go on, also through a button.
    if (event.repeat && !MOVES.has(event.key)) {
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    if (event.key === "Enter" && target.matches?.("button, a[href], summary")) return;
    if (event.key.startsWith("Arrow") && target.matches?.("input[type=radio]")) return;
    const act = map[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}
