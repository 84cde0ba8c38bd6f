import { describe, expect, it } from 'vitest';
import { at, codes, messages, readLog, type SeenLog } from '../../../test/read-log.ts';

const BOOT = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';
const REALTIME = 1_740_985_689_120_345;

interface Entry {
  readonly msg: string;
  readonly us: number;
  readonly boot?: string;
  readonly program?: string;
}

const ENTRIES: readonly Entry[] = [
  { msg: 'xe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 19\n\tVFID: 0', us: 10_000_001 },
  { msg: 'Started a thing', us: 10_000_002, program: 'systemd' },
  { msg: 'name="Jürgen" = é', us: 10_000_300 },
  { msg: 'after', us: 500, boot: OTHER },
];

function fieldsOf({ msg, us, boot = BOOT, program }: Entry, index: number): Record<string, string> {
  return {
    __CURSOR: `s=0a;i=${index}`,
    __REALTIME_TIMESTAMP: String(REALTIME + index * 60_000_000),
    __MONOTONIC_TIMESTAMP: String(us + 99),
    _BOOT_ID: boot,
    _HOSTNAME: 'rig',
    PRIORITY: '4',
    ...(program === undefined
      ? {
          _TRANSPORT: 'kernel',
          SYSLOG_IDENTIFIER: 'kernel',
          _SOURCE_MONOTONIC_TIMESTAMP: String(us),
        }
      : { _TRANSPORT: 'journal', SYSLOG_IDENTIFIER: program }),
    MESSAGE: msg,
  };
}

const json = ENTRIES.map((entry, n) => JSON.stringify(fieldsOf(entry, n)));
const pretty = ENTRIES.map((entry, n) => {
  const members = Object.entries(fieldsOf(entry, n));
  return `{\n${members.map(([k, v]) => `\t${JSON.stringify(k)} : ${JSON.stringify(v)}`).join(',\n')}\n}`;
});
const exported = ENTRIES.map((entry, n) => {
  const parts = Object.entries(fieldsOf(entry, n)).map(([name, value]) => {
    if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
  });
  return Buffer.concat([...parts, Buffer.from('\n')]);
});
const verbose = ENTRIES.map((entry, n) => {
  const {
    __CURSOR: _,
    __REALTIME_TIMESTAMP: t = '',
    __MONOTONIC_TIMESTAMP: m = '',
    ...rest
  } = fieldsOf(entry, n);
  const cursor = `s=0a;i=${n + 1};b=${rest._BOOT_ID};m=${Number(m).toString(16)};t=${Number(t).toString(16)};x=1f`;
  const lines = Object.entries(rest).map(([name, value]) => {
    const indent = ' '.repeat(4 + name.length + 1);
    return `    ${name}=${value.split('\n').join(`\n${indent}`)}\n`;
  });
  return `Mon 2025-03-03 07:08:09.120345 CET [${cursor}]\n${lines.join('')}`;
});

const FORMS: readonly (readonly [string, string | Buffer, string | Buffer])[] = [
  ['json', lines(json), lines(json.toReversed())],
  [
    'json-seq',
    json.map((line) => `\u001e${line}\n`).join(''),
    json
      .toReversed()
      .map((line) => `\u001e${line}\n`)
      .join(''),
  ],
  [
    'json-sse',
    json.map((line) => `data: ${line}\n\n`).join(''),
    json
      .toReversed()
      .map((line) => `data: ${line}\n\n`)
      .join(''),
  ],
  ['json-pretty', lines(pretty), lines(pretty.toReversed())],
  ['export', Buffer.concat(exported), Buffer.concat(exported.toReversed())],
  ['verbose', verbose.join(''), verbose.toReversed().join('')],
];

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join('');
}

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
  expect(log.records.map(({ boot }) => boot)).toEqual([BOOT, BOOT, OTHER]);
  expect(log.records.map(({ fields }) => fields.level)).toEqual([4, 4, 4]);
  expect(log.header.clock.name).toBe('printk');
  expect(codes(log)).toMatchObject({ 'other-programs': 1, 'several-boots': 2 });
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

it('an object that breaks off is unknown', () => {
  const log = readLog(`${json[0]}\n${json[2]?.slice(0, 80)}`);
  expect(log.records).toHaveLength(1);
  expect(codes(log)).toMatchObject({ 'unrecognised-line': 1 });
});

it('the wall clock of the journal is exact', () => {
  expect(at('2025-03-03T07:08:09Z')).toBe(REALTIME - 120_345);
});
