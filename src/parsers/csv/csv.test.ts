import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceError } from '../../errors.ts';
import { openCapture } from '../detect.ts';
import type { Capture, Fields } from '../parser.ts';
import { csv } from './csv.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = 'ts,cpu,tid,comm,event';

function open(text: string): Capture {
  const path = join(folder, 'capture');
  writeFileSync(path, text);
  return openCapture(path);
}

function read(text: string): { capture: Capture; events: { ts: number; fields: Fields }[] } {
  const capture = open(text);
  const events: { ts: number; fields: Fields }[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      events.push({ ts: batch.ts[i] ?? -1, fields: batch.fields(i) });
    }
  }
  capture.close();
  return { capture, events };
}

const fieldsOf = (text: string) => read(text).events.map(({ fields }) => fields);
const codes = ({ problems }: Capture) => problems.map(({ code, count }) => [code, count]);

describe('a CSV capture is known by its heading alone', () => {
  it.each([
    [`${HEAD},seqno\n`, true],
    [`\ufeff${HEAD}\r\n`, true],
    [`${HEAD}s,seqno\n`, false],
    [`cpu,ts,tid,comm,event\n`, false],
    [` ${HEAD}\n`, false],
  ])('%j', (text, is) => {
    expect(csv.sniff(Buffer.from(text))).toBe(is);
  });
});

describe('times', () => {
  it('are ns, or seconds with a dot, and exact', () => {
    const { capture, events } = read(`${HEAD}\n1.5,0,1,a,s:n\n999999999999999999,0,1,a,s:n\n`);
    expect(capture.header.clock).toEqual({ name: 'unknown', unit: 'ns', base: 1_500_000_000n });
    expect(events[0]?.ts).toBe(0);
    expect(capture.counts[0]).toMatchObject({ events: 2, first: 0 });
  });

  it('that go back are counted, and the first one is the earliest', () => {
    const { capture, events } = read(`${HEAD}\n20,0,1,a,s:n\n10,0,1,a,s:n\n`);
    expect(events.map(({ ts }) => ts)).toEqual([10, 0]);
    expect(codes(capture)).toEqual([['out-of-order', 1]]);
  });
});

describe('cells', () => {
  it('keep all 64 bits', () => {
    const row = '18446744073709551615,-9223372036854775808,0xffffffffffffffff,7';
    expect(fieldsOf(`${HEAD},a,b,c,d\n1,0,1,x,s:n,${row}\n`)).toEqual([
      { a: 2n ** 64n - 1n, b: -(2n ** 63n), c: 2n ** 64n - 1n, d: 7 },
    ]);
  });

  it('are text as soon as one of the event type is none', () => {
    const text = `${HEAD},a\n1,0,1,x,s:n,12\n2,0,1,x,s:n,99999999999999999999\n3,0,1,x,s:m,5\n`;
    expect(fieldsOf(text)).toEqual([{ a: '12' }, { a: '99999999999999999999' }, { a: 5 }]);
  });

  it('of a stated kind are of that kind', () => {
    const text = `${HEAD},a:string,b:bytes,c:integers,d\n1,0,1,x,s:n,12,00ff,1 -2,\n`;
    expect(fieldsOf(text)).toEqual([{ a: '12', b: Buffer.from([0, 255]), c: [1, -2] }]);
  });

  it('lose the apostrophe that disarms a formula, and no other', () => {
    const cells = ["'=1+1", "''=1", "'", "'quoted'", "it's"];
    const rows = cells.map((cell, n) => `${n},0,1,x,s:n,${cell}`).join('\n');
    expect(fieldsOf(`${HEAD},a:string\n${rows}\n`).map(({ a }) => a)).toEqual([
      '=1+1',
      "'=1",
      '',
      "'quoted'",
      "it's",
    ]);
  });

  it('hold line breaks, quotes, NULs and a megabyte', () => {
    const long = 'x'.repeat(1_500_000);
    const rows = `1,0,1,x,s:n,"a\n""b"",\r\n"\n2,0,1,x,s:n,a\0b\n3,0,1,x,s:n,"${long}"\n`;
    expect(fieldsOf(`${HEAD},a:string\n${rows}`).map(({ a }) => a)).toEqual([
      'a\n"b",\r\n',
      'a\0b',
      long,
    ]);
  });
});

describe('hostile files', () => {
  it('cannot reach the prototype of objects', () => {
    const text = `${HEAD},__proto__,constructor,,a\n1,0,1,x,__proto__:x,1,2,3,4\n`;
    const { capture, events } = read(text);
    expect(events.map(({ fields }) => Object.entries(fields))).toEqual([[['a', 4]]]);
    expect(codes(capture)).toEqual([['unusable-column', 3]]);
  });

  it('lose the rows without a place, and say how many', () => {
    const bad = [
      'x,0,1,c,s:n',
      '1,-2,1,c,s:n',
      '1,0,9999999999,c,s:n',
      '1,0,1,c,',
      '1,0,1,c,s:n,1,2',
    ];
    const { capture, events } = read(`${HEAD},a\n${bad.join('\n')}\n\n5,0,1,c,s:n,1\n`);
    expect(events).toHaveLength(1);
    expect(codes(capture)).toEqual([['malformed-row', bad.length]]);
  });

  it('that break off lose only the last row', () => {
    const { capture, events } = read(`${HEAD},a\n1,0,1,c,s:n,1\n2,0,1,c,s:n,"ab`);
    expect(events).toHaveLength(1);
    expect(codes(capture)).toEqual([['cut-row', 1]]);
    const short = read(`${HEAD},a,b\n1,0,1,c,s:n,1,2\n2,0,1,c,s:n,12`);
    expect(short.events).toHaveLength(1);
    expect(codes(short.capture)).toEqual([['cut-row', 1]]);
  });

  it('with a quote that never ends take no more than memory has', () => {
    const { capture, events } = read(`${HEAD},a\n1,0,1,c,s:n,1\n2,0,1,c,s:n,"${'x\n'.repeat(5e6)}`);
    expect(events).toHaveLength(1);
    expect(codes(capture)).toContainEqual(['row-too-long', 1]);
  });

  it('without an event are refused', () => {
    expect(() => open(`${HEAD}\n`)).toThrow(TraceError);
  });
});
