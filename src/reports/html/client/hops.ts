/**
 * A link of a chain of causes stands in words and on a timeline: what is pointed to, or has the focus,
 * lights up in both.
 */
export function lightHops(): void {
  for (const [on, off] of [
    ['mouseover', 'mouseout'],
    ['focusin', 'focusout'],
  ] as const) {
    addEventListener(on, (event) => mark(event, true));
    addEventListener(off, (event) => mark(event, false));
  }
}

function mark({ target }: Event, lit: boolean): void {
  const hop =
    target instanceof Element ? target.closest<HTMLElement | SVGElement>('[data-hop]') : null;
  if (hop === null) return;
  for (const twin of document.querySelectorAll<HTMLElement | SVGElement>('[data-hop]')) {
    if (twin.dataset.hop === hop.dataset.hop) twin.classList.toggle('lit', lit);
  }
}
