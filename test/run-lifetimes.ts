/** Runs the lifetimes on hand-made occurrences, as the pass does, and gives the rows by table. */
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import { createLiveObjects } from '../src/analyzers/lifetimes/live-objects.ts';
import type {
  Moment,
  Occurrence,
  OccurrenceData,
  OccurrenceKind,
  OccurrenceOf,
} from '../src/kernel/occurrence.ts';
import type { Row, Table } from '../src/store/table.ts';

/** A row with its values ready to compare: NULLs left out. */
export type Values = Record<string, number | bigint | string | Uint8Array>;

export interface Lived {
  /** Rows of a table, by id. */
  rows(table: string): Values[];
  /** The only row of a table. */
  row(table: string): Values;
}

export interface Circumstances {
  /** Relative ns of losses, from and to. */
  readonly losses?: readonly (readonly [number, number])[];
  /** Names of threads the capture knows. */
  readonly comms?: Readonly<Record<number, string>>;
}

/** What happened: milliseconds, thread, and the occurrence without its moment. */
export type Happening = readonly [ms: number, tid: number, data: OccurrenceData];

/** Events are numbered from 1 in the order given; times are milliseconds. */
export function live(happenings: readonly Happening[], circumstances: Circumstances = {}): Lived {
  const tables = new Map<string, Row[]>();
  const ids = new Map<string, number>();
  const losses = circumstances.losses ?? [];
  const context = {
    emit: (table: Table, row: Row) => {
      const list = tables.get(table.name) ?? [];
      list.push(row);
      tables.set(table.name, list);
    },
    nextId: (table: Table) => {
      const id = (ids.get(table.name) ?? 0) + 1;
      ids.set(table.name, id);
      return id;
    },
    live: createLiveObjects((tid) => circumstances.comms?.[tid]),
    lossBetween: (from: number | null, to: number | null) =>
      losses.some(
        ([start, end]) =>
          start <= (to ?? Number.POSITIVE_INFINITY) && end >= (from ?? Number.NEGATIVE_INFINITY),
      ),
    losses: [],
  };
  const trackers = lifetimes.map((lifetime) => lifetime.track(context));
  happenings.forEach(([milliseconds, tid, data], index) => {
    const moment = { event: index + 1, ts: milliseconds * 1e6, cpu: 0, tid };
    const occurrence = { ...data, ...moment } as Occurrence;
    for (const tracker of trackers) {
      const handler = tracker.on[occurrence.kind as OccurrenceKind];
      (handler as ((one: Occurrence) => void) | undefined)?.(occurrence);
    }
  });
  const end = (happenings.at(-1)?.[0] ?? 0) * 1e6;
  for (const tracker of trackers) tracker.finish(end);
  const rows = (table: string): Values[] =>
    (tables.get(table) ?? []).map(withoutNulls).sort((a, b) => Number(a.id) - Number(b.id));
  return {
    rows,
    row: (table) => {
      const [only, ...others] = rows(table);
      if (!only || others.length > 0) throw new Error(`${table}: ${others.length + 1} rows`);
      return only;
    },
  };
}

function withoutNulls(row: Row): Values {
  const values: Values = {};
  for (const [name, value] of Object.entries(row)) {
    if (value !== null && value !== undefined) values[name] = value;
  }
  return values;
}

type DataOf<K extends OccurrenceKind> = Omit<OccurrenceOf<K>, 'kind' | keyof Moment>;

export const fork = (child: number, cloneFlags?: number): OccurrenceData => ({
  kind: 'task.fork',
  child,
  childComm: undefined,
  comm: undefined,
  cloneFlags,
});
export const exec = (filename: string, oldTid: number): OccurrenceData => ({
  kind: 'task.exec',
  filename,
  oldTid,
});
export const exit = (groupDead?: boolean): OccurrenceData => ({
  kind: 'task.exit',
  comm: undefined,
  groupDead,
});
export const exitMmap = (mm: number): OccurrenceData => ({ kind: 'mm.exit', mm });

export type FenceKind =
  | 'init'
  | 'emit'
  | 'enable_signal'
  | 'signaled'
  | 'destroy'
  | 'wait_start'
  | 'wait_end';

/** An event of the fence context:seqno. */
export const fence = (
  kind: FenceKind,
  name: `${number}:${number}`,
  [driver, timeline]: readonly [string, string] = ['gpu', 'ring0'],
): OccurrenceData => {
  const [context = 0, seqno = 0] = name.split(':').map(Number);
  return { kind: `fence.${kind}`, context, seqno, driver, timeline };
};

export const signalCall = (
  name: `${number}:${number}`,
  rest: Partial<DataOf<'fence.signal_call'>> = {},
): OccurrenceData => {
  const [context = 0, seqno = 0] = name.split(':').map(Number);
  return {
    kind: 'fence.signal_call',
    pointer: undefined,
    context,
    seqno,
    flags: undefined,
    signaled: undefined,
    error: undefined,
    ...rest,
  };
};

export const begin = (
  mm: number | undefined,
  start: number | undefined,
  end: number | undefined,
  rest: Partial<DataOf<'invalidation.begin'>> = {},
): OccurrenceData => ({
  kind: 'invalidation.begin',
  mm,
  start,
  end,
  flags: 1,
  reason: 0,
  owner: undefined,
  source: 'probe',
  sane: true,
  ...rest,
});
export const beginReturn = (ret = 0): OccurrenceData => ({
  kind: 'invalidation.begin_return',
  ret,
});
export const end = (
  mm: number | undefined,
  start: number | undefined,
  to: number | undefined,
): OccurrenceData => ({ kind: 'invalidation.end', mm, start, end: to });

export const insert = (mni: number, mm: number, start: number, length: number): OccurrenceData => ({
  kind: 'notifier.insert',
  mni,
  mm,
  start,
  length,
});

export const readBegin = (mni: number | undefined): OccurrenceData => ({
  kind: 'hmm.read_begin',
  mni,
  mm: undefined,
  start: undefined,
  last: undefined,
});
export const readReturn = (seq: number): OccurrenceData => ({
  kind: 'hmm.read_begin_return',
  seq,
});
export const rangeFault = (
  mni: number | undefined,
  start: number | undefined,
  to: number | undefined,
): OccurrenceData => ({
  kind: 'hmm.range_fault',
  mni,
  mm: undefined,
  seq: undefined,
  start,
  end: to,
});
export const faultReturn = (ret: number | undefined): OccurrenceData => ({
  kind: 'hmm.range_fault_return',
  ret,
  start: undefined,
  end: undefined,
});

export const enter = (
  name: string,
  args: Readonly<Record<string, number>> = {},
  rest: Partial<DataOf<'probe.enter'>> = {},
): OccurrenceData => ({
  kind: 'probe.enter',
  function: name,
  module: undefined,
  role: 'unknown',
  args,
  ...rest,
});
export const leave = (name: string, ret?: number): OccurrenceData => ({
  kind: 'probe.return',
  function: name,
  module: undefined,
  role: 'unknown',
  ret,
  args: {},
});

export const job = (kind: 'queue' | 'run', rest: Partial<DataOf<'job.queue'>>): OccurrenceData => ({
  kind: `job.${kind}`,
  ring: 'gfx',
  dev: undefined,
  id: undefined,
  entity: undefined,
  fence: undefined,
  context: undefined,
  seqno: undefined,
  source: 'gpu_scheduler',
  ...rest,
});
