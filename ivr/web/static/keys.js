// Each button and field has its key: Alt and the letter that stands on it (`data-key`).

export function byKey(root) {
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const letter = event.code.replace(/^(Key|Digit)/, "");
    const target = [...root.querySelectorAll(`[data-key="${letter}"]`)].find((one) => one.checkVisibility());
    if (!target) return;
    event.preventDefault();
    if (target.matches("textarea, select")) target.focus();
    else target.click();
  });
}
