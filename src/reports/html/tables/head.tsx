import type { VNode } from 'preact';
import { isNumeric } from './compare-cells.ts';
import type { TableModel } from './table-model.ts';

interface HeadProps {
  readonly model: TableModel;
  /** `also` = within the order there is. */
  onSort(column: number, also: boolean): void;
}

export function Head({ model, onSort }: HeadProps): VNode {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {model.columns.map((shown, column) => (
          <th
            scope="col"
            class={isNumeric(shown) ? 'number' : undefined}
            title={shown.doc}
            aria-sort={model.sortedBy(column)}
          >
            <button type="button" onClick={(event) => onSort(column, event.shiftKey)}>
              {shown.title}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}
