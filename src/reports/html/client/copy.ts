/** A button that copies the text of the element it names: line by line where that is marked. */
export function makeCopyable(button: HTMLButtonElement): void {
  const source = document.getElementById(button.dataset.copies ?? '');
  if (!source) return;
  const label = button.textContent;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(textOf(source));
      button.textContent = 'Copied';
    } catch {
      // The clipboard wants a secure context, which a file is not in every browser.
      getSelection()?.selectAllChildren(source);
      button.textContent = 'Selected: press Ctrl+C';
    }
    setTimeout(() => {
      button.textContent = label;
    }, 4_000);
  });
}

function textOf(source: Element): string {
  const lines = [...source.querySelectorAll('.copied')];
  if (lines.length === 0) return source.textContent ?? '';
  return lines.map((line) => line.textContent).join('\n');
}
