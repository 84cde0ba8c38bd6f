/** An in-memory store with hand-written object rows: the cheapest way to show a detector a situation. */
import { appendFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { Detector, DetectorRun, View } from '../src/analyzers/detector.ts';
import type { FindingDraft } from '../src/analyzers/finding.ts';
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import { runDetectors } from '../src/analyzers/run-detectors.ts';
import type { Limits } from '../src/analyzers/threshold.ts';
import type { OccurrenceKind } from '../src/kernel/occurrence.ts';
import type { Loss } from '../src/parsers/parser.ts';
import { StoreReader } from '../src/store/reader.ts';
import { schemaTables } from '../src/store/schema.ts';
import { createIndexSql, createTableSql, identifier } from '../src/store/sql.ts';

/** Column name to value; `id` counts up from 1 where it is not given. */
export type RowOf = Readonly<Record<string, string | number | bigint | null>>;

export interface Situation {
  /** Table name to rows. */
  readonly rows?: Readonly<Record<string, readonly RowOf[]>>;
  /** Kinds the capture could show; all when absent. */
  readonly observed?: readonly OccurrenceKind[];
  /** Relative ns of the last event. */
  readonly end?: number;
  readonly clock?: 'ns' | 'ticks';
  readonly losses?: readonly Loss[];
  readonly saneProbes?: boolean;
  readonly perTask?: boolean;
  /** ± ns between any two events of different inputs; 0 when absent. */
  readonly clockError?: number;
  readonly runs?: readonly DetectorRun[];
  readonly limits?: Limits;
}

export const ms = (value: number): number => value * 1e6;
export const s = (value: number): number => value * 1e9;

/** A store of those rows, in memory. */
export function storeOf(tables: NonNullable<Situation['rows']>): StoreReader {
  const db = new Database(':memory:');
  for (const table of [...schemaTables, ...lifetimes.flatMap((lifetime) => lifetime.tables)]) {
    db.exec([createTableSql(table), ...createIndexSql(table)].join(';'));
  }
  db.exec(
    "CREATE VIEW event AS SELECT 1 AS id, 0 AS ts, 0 AS cpu, 1 AS tid, 'a:b' AS type, 0 AS buffer",
  );
  for (const [table, rows] of Object.entries(tables)) {
    rows.forEach((row, n) => {
      const full = { id: n + 1, ...row };
      const names = Object.keys(full).map(identifier).join(', ');
      const holes = Object.keys(full)
        .map(() => '?')
        .join(', ');
      db.prepare(`INSERT INTO ${identifier(table)} (${names}) VALUES (${holes})`).run(
        ...Object.values(full),
      );
    });
  }
  return new StoreReader(db);
}

export function view(situation: Situation): View {
  const store = storeOf(situation.rows ?? {});
  const { observed, losses = [] } = situation;
  return {
    all: (sql, ...parameters) => store.all(sql, ...parameters),
    observed: (kind) => observed === undefined || observed.includes(kind),
    clock: { name: 'mono', unit: situation.clock ?? 'ns', base: 0n },
    end: situation.end ?? s(1),
    losses,
    clockError: () => situation.clockError ?? 0,
    lossBetween: () => losses.length > 0,
    saneProbes: situation.saneProbes ?? true,
    perTask: situation.perTask ?? false,
    limit: (threshold) => situation.limits?.get(threshold) ?? threshold.default,
    runs: situation.runs ?? [],
  };
}

/** What a detector says of a situation, through the same runner as the product. */
export function run(
  detector: Detector,
  situation: Situation,
): { readonly outcome: DetectorRun; readonly findings: readonly FindingDraft[] } {
  const { runs, findings } = runDetectors(() => view(situation), [detector], true);
  const [outcome] = runs;
  if (outcome === undefined) throw new Error('the runner ran nothing');
  noteOutcome(
    outcome,
    findings.map(({ draft }) => draft),
  );
  return { outcome, findings: findings.map(({ draft }) => draft) };
}

/** For `npm run coverage`, which asks by this variable: what each test showed of its detector. */
function noteOutcome({ detector, outcome }: DetectorRun, findings: readonly FindingDraft[]): void {
  const file = process.env.DETECTOR_OUTCOMES;
  if (file === undefined) return;
  const test = expect.getState().currentTestName ?? '';
  const sure = findings.some(({ confidence }) => confidence !== 'suspect');
  appendFileSync(file, `${JSON.stringify({ detector, outcome, sure, test })}\n`);
}
