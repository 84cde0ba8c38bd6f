import type { VNode } from 'preact';
import { Cell } from './cell.tsx';
import type { TableModel } from './table-model.ts';
import type { Slot } from './virtual-rows.ts';

interface BodyProps {
  readonly model: TableModel;
  readonly anchor: string | undefined;
  /** Numbers of the rows in their order. */
  readonly rows: readonly number[];
  readonly slots: readonly Slot[];
  /** The row the address asks for. */
  readonly lit: number | undefined;
  onFocus(row: number): void;
}

export function Body(props: BodyProps): VNode {
  const { model, rows, slots } = props;
  return (
    <tbody>
      {slots.map((slot, n) =>
        'gap' in slot ? (
          <Gap
            key={`gap-${n === 0 ? 'above' : n}`}
            height={slot.gap}
            columns={model.columns.length}
          />
        ) : (
          <Row key={rows[slot.place]} {...props} row={rows[slot.place] ?? 0} place={slot.place} />
        ),
      )}
    </tbody>
  );
}

/** The style is set by the script: the page's policy allows none in HTML. */
function Gap({ height, columns }: { readonly height: number; readonly columns: number }): VNode {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <tr class="gap" aria-hidden="true">
      <td colSpan={columns} style={{ height: `${height}px` }} />
    </tr>
  );
}

function Row(props: BodyProps & { readonly row: number; readonly place: number }): VNode {
  const { model, anchor, row, place, lit, onFocus } = props;
  return (
    <tr
      id={anchor === undefined ? undefined : `${anchor}${model.value(0, row)}`}
      class={row === lit ? 'lit' : undefined}
      aria-current={row === lit ? 'true' : undefined}
      // a row is focused when the address asks for it
      tabIndex={anchor === undefined ? undefined : -1}
      aria-rowindex={place + 2}
      onFocusIn={() => onFocus(row)}
    >
      {model.columns.map((_, column) => (
        <Cell model={model} column={column} row={row} />
      ))}
    </tr>
  );
}
