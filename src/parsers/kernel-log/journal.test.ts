import { describe, expect, it } from 'vitest';
import {
  BOOT,
  ENTRIES,
  fieldsOf,
  JOURNAL_FORMS,
  jsonLines,
  OTHER_BOOT,
  REALTIME,
} from '../../../test/log-samples.ts';
import { at, codes, messages, readLog, type SeenLog } from '../../../test/read-log.ts';

const FORMS = Object.entries(JOURNAL_FORMS).map(([name, form]): [string, Buffer, Buffer] => {
  const entries = form(ENTRIES);
  return [name, Buffer.concat(entries), Buffer.concat([...entries].reverse())];
});

function expectAll(log: SeenLog): void {
  expect(messages(log)).toEqual([
    'xe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 19\n\tVFID: 0',
    'name="Jürgen" = é',
    'after',
  ]);
  // the time of the kernel, not that of the logger; the second boot by the wall clock
  expect(log.records.map(({ us }) => us)).toEqual([
    10_000_001,
    10_000_300,
    10_000_001 + 3 * 60_000_000,
  ]);
  expect(log.records.map(({ boot }) => boot)).toEqual([BOOT, BOOT, OTHER_BOOT]);
  expect(log.records.map(({ fields }) => fields.level)).toEqual([4, 4, 4]);
  expect(log.header.clock.name).toBe('printk');
  expect(codes(log)).toMatchObject({ 'other-programs': 1, 'several-boots': 1 });
  expect(codes(log)).not.toHaveProperty('unrecognised-line');
}

describe.each(FORMS)('journalctl -o %s', (_, forward, backward) => {
  it('gives the records of the kernel, each whole', () => {
    const log = readLog(forward);
    expectAll(log);
    expect(codes(log)).not.toHaveProperty('newest-first');
  });

  it('newest first as well', () => {
    const log = readLog(backward);
    expectAll(log);
    expect(codes(log)).toMatchObject({ 'newest-first': 1 });
  });
});

describe('fields', () => {
  it('of text that is no UTF-8 are bytes', () => {
    const entry = { ...fieldsOf({ msg: '', us: 1 }, 0), MESSAGE: [99, 97, 102, 0xe9] };
    expect(messages(readLog(`${JSON.stringify(entry)}\n`))).toEqual(['caf\u00e9']);
  });

  it('that are missing leave the wall clock', () => {
    const log = readLog(
      `{"__REALTIME_TIMESTAMP":"${REALTIME}","MESSAGE":"a"}\n{"__REALTIME_TIMESTAMP":"${REALTIME + 5}","MESSAGE":"b"}\n`,
    );
    expect(log.header.clock).toMatchObject({ name: 'realtime', base: BigInt(REALTIME) * 1000n });
    expect(log.records[1]?.us).toBe(REALTIME + 5);
  });

  it('of a length whose bytes hold a line feed', () => {
    const message = `${'x'.repeat(9)}\n`;
    const length = Buffer.from([10, 0, 0, 0, 0, 0, 0, 0]);
    const text = Buffer.concat([
      Buffer.from(`__CURSOR=a\n_TRANSPORT=kernel\n__REALTIME_TIMESTAMP=${REALTIME}\nMESSAGE\n`),
      length,
      Buffer.from(`${message}\n\n`),
    ]);
    expect(messages(readLog(text))).toEqual([message]);
  });

  it('cannot reach the prototype of objects', () => {
    const text = `{"__proto__":{"MESSAGE":"a"},"constructor":"b","MESSAGE":"c","__CURSOR":"d"}\n`;
    expect(messages(readLog(text))).toEqual(['c']);
  });
});

it('dmesg --json', () => {
  const text = `{
   "dmesg": [
      {
         "pri": 6,
         "time":    77.120345,
         "msg": "a {"
      },{
         "pri": 3,
         "time":    77.120346,
         "msg": "b"
      }
   ]
}
`;
  const log = readLog(text);
  expect(log.records.map(({ us, fields }) => [us, fields])).toEqual([
    [77_120_345, { msg: 'a {', level: 6 }],
    [77_120_346, { msg: 'b', level: 3 }],
  ]);
  expect(codes(log)).toEqual({});
});

it('dmesg --json -x names the level, and leaves the caller in the text', () => {
  const text = `{
   "dmesg": [
      {
         "fac": "kern",
         "pri": "warn",
         "time":    77.120345,
         "msg": "[  T812] a"
      }
   ]
}
`;
  expect(readLog(text).records[0]).toMatchObject({
    tid: 812,
    fields: { msg: 'a', level: 4, caller: 'T812' },
  });
});

it('an object that breaks off is unknown', () => {
  const [first = '', , third = ''] = jsonLines(ENTRIES);
  const log = readLog(`${first}\n${third.slice(0, 80)}`);
  expect(log.records).toHaveLength(1);
  expect(codes(log)).toMatchObject({ 'unrecognised-line': 1 });
});

it('the wall clock of the journal is exact', () => {
  expect(at('2025-03-03T07:08:09Z')).toBe(REALTIME - 120_345);
});
