/**
 * Every table that sorts. The first rows are in the page as HTML; with a script all can be sorted,
 * filtered and reached by address, and of many only those on the screen are made.
 */
import type { VNode } from 'preact';
import { useContext, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { count, counted } from '../../units.ts';
import { Scroller } from '../scroller.tsx';
import { Time } from '../time-context.ts';
import { Body } from './body.tsx';
import { columnWidth } from './column-width.ts';
import { Filters } from './filters.tsx';
import { Head } from './head.tsx';
import type { TableData } from './table-data.ts';
import { NO_FILTER, TableModel } from './table-model.ts';
import { type TableTarget, useTableTarget } from './table-target.ts';
import { type Slot, useVirtualRows } from './virtual-rows.ts';

/** Tables up to this size are in the page as a whole. */
const WHOLE_AT_MOST = 40;
/** Of longer ones that many rows, to be read and printed without a script … */
const FIRST = 20;
/** … or with it. */
const PRINTED = 200;
/** Shorter tables need no search. */
const FILTERED_FROM = 12;

export function DataTable({ table }: { readonly table: TableData }): VNode {
  const time = useContext(Time);
  const [model] = useState(() => new TableModel(table, time));
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  const [kept, setKept] = useState<number | undefined>(undefined);
  const scroller = useRef<HTMLElement>(null);
  const medium = useMedium();
  const isLong = table.isWhole !== true && table.rows > WHOLE_AT_MOST;
  const isVirtual = isLong && medium === 'screen';
  const rows = model.rows();
  const target = useTableTarget(model, table.anchor);
  const virtual = useVirtualRows({
    count: rows.length,
    scroller,
    kept: kept === undefined ? -1 : rows.indexOf(kept),
    enabled: isVirtual,
  });
  useLayoutEffect(() => {
    if (target?.row === undefined || medium !== 'screen') return;
    if (!model.rows().includes(target.row)) model.filter = NO_FILTER;
    setKept(target.row);
  }, [target, medium, model]);
  useLayoutEffect(() => {
    if (target?.row === undefined || target.row !== kept) return;
    if (isVirtual) virtual.scrollTo(rows.indexOf(kept));
    const row = document.getElementById(`${table.anchor}${target.value}`);
    row?.focus({ preventScroll: true });
    (isVirtual ? scroller.current : row)?.scrollIntoView({ block: 'nearest' });
  }, [target, kept === target?.row]);
  return (
    <div class="data-table">
      {table.rows >= FILTERED_FROM && (
        <Filters
          model={model}
          label={table.label}
          onChange={(filter) => {
            model.filter = filter;
            if (scroller.current) scroller.current.scrollTop = 0;
            redraw(undefined);
          }}
        />
      )}
      <Scroller label={table.label} tall={isLong} element={scroller}>
        <table class={classOf(table, isVirtual)} aria-rowcount={rows.length + 1}>
          {isVirtual && <Widths model={model} />}
          <Head
            model={model}
            onSort={(column, also) => {
              model.sort(column, also);
              redraw(undefined);
            }}
          />
          <Body
            model={model}
            anchor={table.anchor}
            rows={rows}
            slots={isVirtual ? virtual.slots : firstSlots(rows.length, isLong, medium)}
            lit={target?.row}
            onFocus={setKept}
          />
        </table>
      </Scroller>
      <Status model={model} label={table.label} shown={rows.length} target={target} />
    </div>
  );
}

function classOf(table: TableData, isVirtual: boolean): string | undefined {
  if (table.isWhole) return 'stacked';
  return isVirtual ? 'virtual' : undefined;
}

type Medium = 'html' | 'screen' | 'paper';

/** What the first rendering is for is the same on both sides: HTML. */
function useMedium(): Medium {
  const [medium, setMedium] = useState<Medium>('html');
  useLayoutEffect(() => setMedium('screen'), []);
  useEffect(() => {
    const onPaper = (): void => setMedium('paper');
    const onScreen = (): void => setMedium('screen');
    addEventListener('beforeprint', onPaper);
    addEventListener('afterprint', onScreen);
    return () => {
      removeEventListener('beforeprint', onPaper);
      removeEventListener('afterprint', onScreen);
    };
  }, []);
  return medium;
}

function firstSlots(rows: number, isLong: boolean, medium: Medium): Slot[] {
  const most = medium === 'paper' ? PRINTED : FIRST;
  const length = isLong ? Math.min(rows, most) : rows;
  return Array.from({ length }, (_, place) => ({ place }));
}

/** Of the columns, whichever rows are there. */
function Widths({ model }: { readonly model: TableModel }): VNode {
  const [widths] = useState(() => model.columns.map((_, column) => columnWidth(model, column)));
  return (
    <colgroup>
      {widths.map((characters) => (
        <col style={{ width: `calc(${characters}ch + 14px)` }} />
      ))}
    </colgroup>
  );
}

function Status(props: {
  readonly model: TableModel;
  readonly label: string;
  readonly shown: number;
  readonly target: TableTarget | undefined;
}): VNode {
  const { model, label, shown, target } = props;
  const isMissing = target !== undefined && target.row === undefined;
  return (
    <p class="note" role="status">
      {shown < model.total && `${count(shown)} of ${counted(model.total, 'row')}. `}
      {isMissing && `No ${target.value} among these ${label}: it is only in the database.`}
    </p>
  );
}
