import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENTRIES, JOURNAL_FORMS, LINE_FORMS, LOG_SAMPLES } from '../../../test/log-samples.ts';
import { messages, readLog } from '../../../test/read-log.ts';
import { withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';
import { kernelLog } from './kernel-log.ts';

/** What a driver says, alone or in several lines. */
const text = fc
  .array(fc.stringMatching(/^[a-zA-Z][ -~é]{0,60}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.map((part, n) => (n === 0 ? part : `\t${part}`).trimEnd()).join('\n'))
  // these are marks and prefixes of their own
  .filter((msg) => !/kernel: |Linux version/.test(msg));
const record = fc.record({ msg: text, step: fc.integer({ min: 1, max: 900_000 }) });
const log = fc.array(record, { minLength: 1, maxLength: 20 }).map((records) => {
  let us = 60_000_000;
  return records.map(({ msg, step }) => {
    us += step;
    return { msg, us };
  });
});

const withKernelTime = [
  'dmesg',
  'dmesg with level and thread',
  'dmesg -x',
  '/dev/kmsg',
  'short-monotonic',
  'both',
  'quoted',
];

describe('what is written down is read back', () => {
  it.each(withKernelTime)('%s', (name) => {
    const head = LINE_FORMS[name];
    fc.assert(
      fc.property(log, (records) => {
        const mark = name === 'quoted' ? '> > ' : '';
        const lines = records.map(
          ({ msg, us }) => `${head?.(us)}amdgpu: ${msg.replaceAll('\n', `\n${mark}`)}\n`,
        );
        const seen = readLog(lines.join(''));
        expect(messages(seen)).toEqual(records.map(({ msg }) => `amdgpu: ${msg}`));
        expect(seen.records.map(({ us }) => us)).toEqual(records.map(({ us }) => us));
      }),
      { numRuns: 20 },
    );
  });

  it.each(Object.keys(JOURNAL_FORMS))('journalctl -o %s, from either end', (name) => {
    fc.assert(
      fc.property(log, (records) => {
        const entries = JOURNAL_FORMS[name]?.(records) ?? [];
        for (const order of records.length > 2 ? [entries, [...entries].reverse()] : [entries]) {
          const seen = readLog(Buffer.concat(order));
          expect(messages(seen)).toEqual(records.map(({ msg }) => msg));
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('a log that breaks off', () => {
  it.each(Object.keys(LINE_FORMS))('%s has the records ahead of the cut', (name) => {
    const head = LINE_FORMS[name];
    const lines = [...ENTRIES, ...ENTRIES].map(
      ({ msg }, n) => `${head?.(60_000_000 + n * 1_000_300)}amdgpu: ${msg}\n`,
    );
    const whole = messages(readLog(lines.join('')));
    fc.assert(
      fc.property(
        fc.integer({ min: (lines[0] ?? '').length, max: lines.join('').length }),
        (cut) => {
          const part = messages(readLog(Buffer.from(lines.join('')).subarray(0, cut)));
          expect(part.slice(0, -1)).toEqual(whole.slice(0, Math.max(0, part.length - 1)));
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('damaged logs', () => {
  it.each(LOG_SAMPLES)('%s ends as records or as a TraceError', (_, sample) => {
    const damage = fc.array(
      fc.record({ at: fc.nat(sample.length - 1), byte: fc.integer({ min: 0, max: 255 }) }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(sample);
        for (const { at, byte } of changes) bytes[at] = byte;
        expect(endOf(bytes)).toBe('known');
      }),
      { numRuns: 15 },
    );
  });

  it('bytes of any kind do as well', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(endOf(bytes)).toBe('known');
      }),
    );
  });
});

/** With the parser of logs, whatever the bytes look like. */
function endOf(bytes: Uint8Array): string {
  try {
    return withText(
      bytes,
      (capture) => {
        let last = 0;
        for (const batch of capture.batches()) {
          for (let i = 0; i < batch.length; i++) {
            batch.fields(i);
            if (!Number.isInteger(batch.ts[i]) || (batch.ts[i] as number) < 0) return 'time';
            last = batch.id[i] as number;
          }
        }
        return last === capture.counts[0]?.events ? 'known' : 'count';
      },
      kernelLog.open,
    );
  } catch (error) {
    if (error instanceof TraceError) return 'known';
    throw error;
  }
}
