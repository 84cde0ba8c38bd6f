import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { bufferTable, inputTable } from '../store/schema.ts';
import { createTableSql } from '../store/sql.ts';
import type { FindingDraft } from './finding.ts';
import { InputClocks } from './input-clocks.ts';

const MS = 1e6;

interface Input {
  readonly aligned: string;
  readonly error: number | null;
  readonly anchors?: number;
}

const reference: Input = { aligned: 'reference', error: 0 };
const log: Input = { aligned: 'lines', error: 0.1 * MS, anchors: 5 };
const other: Input = { aligned: 'lines', error: 0.3 * MS, anchors: 5 };
const apart: Input = { aligned: 'none', error: null };

/** Events 1, 2, 3 … at these times (ms), each in the input of that index. */
function clocksOf(
  inputs: readonly Input[],
  events: readonly (readonly [number, number])[],
): InputClocks {
  const db = new Database(':memory:');
  db.exec(`${createTableSql(inputTable)}; ${createTableSql(bufferTable)}`);
  inputs.forEach(({ aligned, error, anchors = 0 }, id) => {
    db.prepare(
      `INSERT INTO input (id, path, format, version, size_bytes, from_ts, to_ts, clock, is_log, boot,
        aligned, offset_ns, error_ns, anchors, reason)
       VALUES (?, ?, 'x', '', 0, 0, 0, 'mono', 0, 0, ?, '0', ?, ?, '')`,
    ).run(id, `${id}.dat`, aligned, error, anchors);
    db.prepare("INSERT INTO buffer VALUES (?, '', 'mono', ?)").run(id, id);
  });
  db.exec('CREATE TABLE event (id INTEGER PRIMARY KEY, ts INTEGER, buffer INTEGER)');
  for (const [at, input] of events) {
    db.prepare('INSERT INTO event (ts, buffer) VALUES (?, ?)').run(at * MS, input);
  }
  return new InputClocks({ all: (sql, ...values) => db.prepare(sql).all(...values) as never[] });
}

function finding(from: number, to: number, evidence: readonly number[]): FindingDraft {
  return {
    severity: 'error',
    confidence: 'proven',
    summary: '',
    from: from * MS,
    to: to * MS,
    objects: [],
    details: [],
    evidence,
    next: [],
    identity: [],
    key: {},
  };
}

describe('the error between the clocks of two events', () => {
  it('is none within one input, that of both inputs otherwise', () => {
    const clocks = clocksOf(
      [reference, log, other],
      [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 2],
      ],
    );
    expect(clocks.errorBetween(1, 2)).toBe(0);
    expect(clocks.errorBetween(1, 3)).toBe(0.1 * MS);
    expect(clocks.errorBetween(3, 4)).toBe(0.4 * MS);
    expect(clocks.errorBetween(null, 4)).toBe(0);
  });

  it('is infinite where nothing ties them, and never asked of a single input', () => {
    expect(
      clocksOf(
        [reference, apart],
        [
          [1, 0],
          [2, 1],
        ],
      ).errorBetween(1, 2),
    ).toBe(Number.POSITIVE_INFINITY);
    expect(clocksOf([reference], [[1, 0]]).errorBetween(1, 99)).toBe(0);
  });
});

describe('a finding', () => {
  const bound = (inputs: readonly Input[], events: readonly (readonly [number, number])[]) => {
    const times = events.map(([at]) => at);
    const draft = finding(
      Math.min(...times),
      Math.max(...times),
      events.map((_, n) => n + 1),
    );
    return clocksOf(inputs, events).bound(draft);
  };
  const labels = ({ details }: FindingDraft) => details.map(({ label }) => label);

  it('of one input is left as it is', () => {
    const draft = bound(
      [reference, log],
      [
        [1, 0],
        [2, 0],
      ],
    );
    expect(draft).toMatchObject({ severity: 'error', confidence: 'proven', details: [] });
  });

  it('of two inputs is at most likely, and has their clock error', () => {
    const draft = bound(
      [reference, log],
      [
        [1, 0],
        [5, 1],
      ],
    );
    expect(draft).toMatchObject({ severity: 'error', confidence: 'likely' });
    expect(draft.details).toEqual([
      { label: 'clock error between inputs', value: { type: 'duration', ns: 0.1 * MS } },
    ]);
  });

  it('says which of its events cannot be ordered', () => {
    const draft = bound(
      [reference, log],
      [
        [1, 0],
        [5, 0],
        [5.05, 1],
      ],
    );
    expect(draft).toMatchObject({ severity: 'error', confidence: 'likely' });
    expect(labels(draft)).toContain('cannot be ordered');
  });

  it('all of which happened within the error is only suspected', () => {
    const draft = bound(
      [reference, log],
      [
        [5, 0],
        [5.05, 1],
      ],
    );
    expect(draft).toMatchObject({ severity: 'warn', confidence: 'suspect' });
  });

  it('is only suspected when one line or a clock of the same name ties the inputs', () => {
    const line: Input = { ...log, anchors: 1 };
    expect(
      bound(
        [reference, line],
        [
          [1, 0],
          [5, 1],
        ],
      ).confidence,
    ).toBe('suspect');
    const named: Input = { aligned: 'clock', error: 1000 };
    expect(
      bound(
        [reference, named],
        [
          [1, 0],
          [5, 1],
        ],
      ).confidence,
    ).toBe('suspect');
  });

  it('across inputs that nothing ties is neither an error nor more than a suspicion', () => {
    const draft = bound(
      [reference, apart],
      [
        [1, 0],
        [5, 1],
      ],
    );
    expect(draft).toMatchObject({ severity: 'warn', confidence: 'suspect' });
    expect(draft.details[0]?.value).toMatchObject({ value: 'the clock of 1.dat is not aligned' });
  });
});
