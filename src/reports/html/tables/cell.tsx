import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { TimeFormat } from '../../units.ts';
import { Time } from '../time-context.ts';
import { MAX_CHARACTERS } from './column-width.ts';
import { isNumeric } from './compare-cells.ts';
import type { TableModel } from './table-model.ts';

interface CellProps {
  readonly model: TableModel;
  readonly column: number;
  readonly row: number;
}

export function Cell(props: CellProps): VNode {
  const { model, column, row } = props;
  const time = useContext(Time);
  const text = model.text(column, row);
  if (text === undefined) return <td class="quiet">–</td>;
  return (
    <td class={classOf(props)} title={tooltip(props, text, time)}>
      <Content {...props} text={text} />
    </td>
  );
}

/** Every digit of a time; of a text that is cut off, the whole. */
function tooltip({ model, column, row }: CellProps, text: string, time: TimeFormat) {
  const type = model.columns[column]?.type;
  const value = model.value(column, row);
  const isTime = (type === 'time' || type === 'duration') && typeof value === 'number';
  if (isTime) return time.exact(value);
  return text.length > MAX_CHARACTERS ? text : undefined;
}

function classOf({ model, column }: CellProps): string | undefined {
  const shown = model.columns[column];
  if (shown === undefined) return undefined;
  if (shown.type === 'address') return 'mono';
  return isNumeric(shown) ? 'number' : undefined;
}

function Content({ model, column, row, text }: CellProps & { readonly text: string }): VNode {
  const { link, badges, type } = model.columns[column] ?? {};
  const value = model.value(column, row);
  const badge = badges?.[row];
  if (badge !== undefined) return <span class={badge}>{text}</span>;
  if (type === 'findings') return <Findings ids={text.split(' ')} />;
  if (link === undefined) return <>{text}</>;
  return <a href={`${link.prefix}${value}`}>{link.word ?? text}</a>;
}

function Findings({ ids }: { readonly ids: readonly string[] }): VNode {
  return (
    <>
      {ids.map((id, n) => (
        <>
          {n > 0 && ', '}
          <a href={`#${id}`}>{id}</a>
        </>
      ))}
    </>
  );
}
