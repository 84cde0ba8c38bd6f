import type { ComponentChildren, Ref, VNode } from 'preact';

/** What may be wider, or longer, than its place: it scrolls by itself, by keyboard too. */
export function Scroller(props: {
  /** What is in it, for who cannot see it. */
  readonly label: string;
  readonly id?: string;
  /** Long: scrolls up and down as well. */
  readonly tall?: boolean;
  /** Who moves it from outside. */
  readonly element?: Ref<HTMLElement> | undefined;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <section
      class={props.tall === true ? 'scroll tall' : 'scroll'}
      id={props.id}
      ref={props.element ?? null}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
      tabIndex={0}
      aria-label={props.label}
    >
      {props.children}
    </section>
  );
}
