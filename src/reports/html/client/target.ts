/** What the address points to is shown, also where it is folded away or inside something folded. */
export function openTarget(): void {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id ? (document.getElementById(id) ?? holderOf(id)) : null;
  if (target === null) return;
  let opened = false;
  for (let part: Element | null = target; part !== null; part = part.parentElement) {
    if (!(part instanceof HTMLDetailsElement) || part.open) continue;
    part.open = true;
    opened = true;
  }
  if (opened || target instanceof HTMLDetailsElement) target.scrollIntoView();
}

/** What makes the target once it is opened. */
function holderOf(id: string): Element | null {
  const holders = document.querySelectorAll<HTMLElement>('[data-holds]');
  return [...holders].find(({ dataset }) => id.startsWith(dataset.holds ?? '')) ?? null;
}
