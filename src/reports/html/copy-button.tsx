import type { VNode } from 'preact';

/** Copies the text of what stands under the id; shown where there is a script to do so. */
export function CopyButton(props: {
  /** Id of the element. */
  readonly of: string;
  readonly label: string;
}): VNode {
  return (
    <button type="button" class="copy" data-copies={props.of}>
      {props.label}
    </button>
  );
}
