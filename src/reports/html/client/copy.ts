/** Buttons that copy the text of the element they name: line by line where that is marked. */
export function hearCopyButtons(): void {
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button.copy') : null;
    if (button instanceof HTMLButtonElement) void copy(button);
  });
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copies ?? '');
  if (!source) return;
  button.dataset.label ??= button.textContent ?? '';
  try {
    await navigator.clipboard.writeText(textOf(source));
    button.textContent = 'Copied';
  } catch {
    // The clipboard wants a secure context, which a file is not in every browser.
    getSelection()?.selectAllChildren(source);
    button.textContent = 'Selected: press Ctrl+C';
  }
  setTimeout(() => {
    button.textContent = button.dataset.label ?? '';
  }, 4_000);
}

function textOf(source: Element): string {
  const lines = [...source.querySelectorAll('.copied')];
  if (lines.length === 0) return source.textContent ?? '';
  return lines.map((line) => line.textContent).join('\n');
}
