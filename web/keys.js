// Keyboard shortcuts, where no control wants the key for itself.

/** `actions` has a function a name of `SHORTCUTS`, and for undo and redo. */
export function listenToKeys(actions) {
  addEventListener("keydown", (event) => {
    const name = shortcutOf(event);
    if (!name || event.repeat || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    actions[name]();
  });
}

/** The shortcut a key stands for where it was pressed, or undefined. */
export function shortcutOf({ key, ctrlKey, metaKey, altKey, shiftKey, target }) {
  const isTyping = target?.matches?.("input:not([type=range], [type=radio]), select, textarea");
  if (ctrlKey || metaKey) {
    if (isTyping && !target.matches("select")) return undefined;
    if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
    return key.toLowerCase() === "y" ? "redo" : undefined;
  }
  if (altKey || isTyping) return undefined;
  if (key === " " && target?.matches?.("button, input, a, summary")) return undefined;
  return SHORTCUTS[key] ?? SHORTCUTS[key.toLowerCase()];
}

const SHORTCUTS = { " ": "play", n: "another", s: "chance", f: "wall", k: "keep", "?": "help", Escape: "leave-wall" };
