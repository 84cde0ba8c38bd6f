/** When events were lost: a row for each CPU and way of losing them. */
import type { Result, ResultLoss } from '../../../analyzers/result.ts';
import { recordedSpan } from '../../inputs.ts';
import { count, type TimeFormat } from '../../units.ts';
import { frame, inAxisUnit, type Plot, timeAxis } from './axes.ts';
import { layoutRows, pixelAxis, rowNames } from './row-layout.ts';

const BAR_PIXELS = 12;
const ROWS = 24;
/** Gaps closer together than this share of the time axis are drawn as one. */
const JOINED_SHARE = 1 / 300;
/** No gap is too short to be seen. */
const NARROWEST_SHARE = 1 / 500;

export interface LossRow {
  readonly name: string;
  /** Known to be lost; more where `isMore`. */
  readonly events: number;
  readonly isMore: boolean;
  readonly gaps: readonly Gap[];
}

interface Gap {
  readonly from: number;
  readonly to: number;
  readonly events: number;
  readonly isMore: boolean;
  readonly places: number;
}

export function lossRows({ losses, capture }: Pick<Result, 'losses' | 'capture'>): LossRow[] {
  const span = recordedSpan(capture);
  const groups = new Map<string, ResultLoss[]>();
  for (const loss of losses) {
    if (loss.kind === 'ended') continue;
    const name = rowName(loss);
    groups.set(name, [...(groups.get(name) ?? []), loss]);
  }
  return [...groups]
    .map(([name, own]) => ({
      name,
      ...sumOf(own),
      gaps: joined(
        own.map((loss) => gapOf(loss, span)),
        (span.to - span.from) * JOINED_SHARE,
      ),
    }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .slice(0, ROWS);
}

export function lossesPlot(id: string, title: string, result: Result, time: TimeFormat): Plot {
  const rows = lossRows(result);
  const span = recordedSpan(result.capture);
  const narrowest = (span.to - span.from) * NARROWEST_SHARE;
  const layout = layoutRows(rows.map(() => 1));
  const values = rows.flatMap((row, n) =>
    row.gaps.map((gap) => ({
      y: layout.rows[n]?.strips[0] ?? 0,
      from: inAxisUnit(gap.from, time),
      to: inAxisUnit(Math.max(gap.to, gap.from + narrowest), time),
      lost: lostText(gap),
      at: time.moment(gap.from),
      until: time.moment(gap.to),
    })),
  );
  return {
    id,
    spec: {
      ...frame(title, layout.height),
      layer: [
        {
          data: { values },
          mark: { type: 'rule', strokeWidth: BAR_PIXELS, color: 'var(--critical)', aria: false },
          encoding: {
            x: { field: 'from', ...timeAxis({ window: span, time }) },
            x2: { field: 'to' },
            y: { field: 'y', ...pixelAxis(layout) },
            tooltip: [
              { field: 'lost', title: 'lost' },
              { field: 'at', title: 'from' },
              { field: 'until', title: 'to' },
            ],
          },
        },
        rowNames(rows.map(labelOf), layout),
      ],
    },
  };
}

function rowName({ buffer, cpu, kind }: ResultLoss): string {
  const place = cpu < 0 ? 'anywhere' : `CPU ${cpu}`;
  const what = kind === 'overwritten' ? ', start' : kind === 'truncated' ? ', cut off' : '';
  return `${buffer === '' ? '' : `${buffer} `}${place}${what}`;
}

function labelOf(row: LossRow): string {
  return `${row.name}: ${lostText(row)}`;
}

function lostText({ events, isMore }: Pick<Gap, 'events' | 'isMore'>): string {
  if (events === 0) return 'n unknown';
  return `n ${isMore ? '>' : '='} ${count(events)}`;
}

function gapOf({ from, to, events }: ResultLoss, span: { from: number; to: number }): Gap {
  const begin = from ?? span.from;
  return {
    from: begin,
    to: Math.max(begin, to ?? span.to),
    events: events ?? 0,
    isMore: events === null,
    places: 1,
  };
}

function sumOf(own: readonly ResultLoss[]): Pick<LossRow, 'events' | 'isMore'> {
  return {
    events: own.reduce((sum, { events }) => sum + (events ?? 0), 0),
    isMore: own.some(({ events }) => events === null),
  };
}

function joined(gaps: readonly Gap[], distance: number): Gap[] {
  const result: Gap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || gap.from - last.to > distance) result.push(gap);
    else {
      result[result.length - 1] = {
        from: last.from,
        to: Math.max(last.to, gap.to),
        events: last.events + gap.events,
        isMore: last.isMore || gap.isMore,
        places: last.places + gap.places,
      };
    }
  }
  return result;
}
