/** A button that copies the text of the element after it. */
export function makeCopyable(button: HTMLButtonElement): void {
  const text = button.nextElementSibling;
  if (!text) return;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      // The clipboard wants a secure context, which a file is not in every browser.
      getSelection()?.selectAllChildren(text);
      button.textContent = 'Selected: press Ctrl+C';
    }
  });
}
