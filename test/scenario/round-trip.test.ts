/** Writing a capture and reading it gives back every event, exactly: whatever the layout and the fields. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openCapture } from '../../src/parsers/detect.ts';
import type { FieldValue } from '../../src/parsers/parser.ts';
import type { ScenarioValue } from './encode-event.ts';
import { kernelFormats, type WriterField, type WriterFormat } from './kernel-formats.ts';
import { type ScenarioOptions, scenario } from './scenario.ts';

const RUNS = 150;
const formats = [...kernelFormats('7.2')].filter(([, format]) => hasUniqueNames(format));
/** The formats come from a 64-bit kernel: their arrays of longs make no sense with 4-byte longs. */
const formatsWithoutLongs = formats.filter(([, format]) => !/long\s*\w*\[/.test(format.text));

interface Step {
  readonly type: string;
  readonly format: WriterFormat;
  readonly cpu: number;
  readonly tid: number;
  readonly delta: bigint;
  readonly before: 'nothing' | 'absolute' | 'page' | 'discarded' | 'loss';
  readonly fields: Readonly<Record<string, ScenarioValue>>;
}

const layout: fc.Arbitrary<ScenarioOptions> = fc
  .record({
    version: fc.constantFrom(6 as const, 7 as const),
    compression: fc.constantFrom('none' as const, 'zlib' as const, 'zstd' as const),
    endian: fc.constantFrom('little' as const, 'big' as const),
    longSize: fc.constantFrom(4 as const, 8 as const),
    pageSize: fc.constantFrom(4096, 8192, 65536),
  })
  .map((options) => ({
    ...options,
    kernel: '7.2' as const,
    compression: options.version === 6 ? ('none' as const) : options.compression,
  }));

const text = (max: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'binary', maxLength: max })
    .filter((value) => !value.includes('\0') && Buffer.byteLength(value) <= max);

function value(field: WriterField): fc.Arbitrary<ScenarioValue> {
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
  const dynamic = field.storage !== 'fixed' || field.size === 0;
  if (field.text) return text(dynamic ? 200 : field.size - 1);
  if (dynamic) return fc.array(integer, { maxLength: 20 });
  if (field.array) {
    const length = field.size / field.elementSize;
    return fc.array(integer, { minLength: length, maxLength: length });
  }
  if (![1, 2, 4, 8].includes(field.size)) {
    return fc.uint8Array({ minLength: field.size, maxLength: field.size });
  }
  return integer;
}

const step = (longSize: 4 | 8): fc.Arbitrary<Step> =>
  fc.constantFrom(...(longSize === 8 ? formats : formatsWithoutLongs)).chain(([type, format]) =>
    fc.record({
      type: fc.constant(type),
      format: fc.constant(format),
      cpu: fc.constantFrom(0, 1, 2, 7),
      tid: fc.integer({ min: 0, max: 4_000_000 }),
      // Around the 27 bits of a delta, and far beyond them.
      delta: fc.oneof(
        fc.bigInt({ min: 0n, max: 5_000n }),
        fc.bigInt({ min: (1n << 27n) - 2n, max: (1n << 27n) + 2n }),
        fc.bigInt({ min: 0n, max: 1n << 45n }),
      ),
      before: fc.constantFrom('nothing', 'nothing', 'absolute', 'page', 'discarded', 'loss'),
      fields: fc.record(
        Object.fromEntries(format.fields.slice(4).map((field) => [field.name, value(field)])),
      ),
    }),
  );

const scenarios = layout.chain((options) =>
  fc.tuple(
    fc.constant(options),
    fc.array(step(options.longSize ?? 8), { minLength: 1, maxLength: 40 }),
  ),
);

it('encode then parse is identity', () => {
  fc.assert(
    fc.property(scenarios, ([options, steps]) => {
      const made = scenario({ ...options, cpus: 8 });
      for (const { type, cpu, tid, delta, before, fields } of steps) {
        made.after(delta).by({ cpu, tid, comm: 'app' });
        if (before === 'absolute') made.absolute();
        if (before === 'page') made.newPage();
        if (before === 'discarded') made.discarded(24).after(2);
        if (before === 'loss') made.loss(cpu, 3);
        made.event(type, fields);
      }
      const path = made.file();
      try {
        expect(read(path)).toEqual(
          written(
            steps,
            made.events.map(({ ts }) => ts),
          ),
        );
      } finally {
        rmSync(dirname(path), { recursive: true });
      }
    }),
    { numRuns: RUNS, seed: 20_261_120 },
  );
});

type Events = Map<number, unknown[]>;

/** By CPU: between CPUs the order of equal times is open. */
function written(steps: readonly Step[], times: readonly bigint[]): Events {
  const events: Events = new Map();
  steps.forEach(({ type, format, cpu, tid, fields }, index) => {
    const expected = format.fields
      .slice(4)
      .map((field) => [field.name, canonical(stored(field, fields[field.name]))]);
    add(events, cpu, {
      type,
      tid,
      ts: times[index],
      fields: Object.fromEntries(expected),
    });
  });
  return events;
}

function read(path: string): Events {
  const capture = openCapture(path);
  const events: Events = new Map();
  let last = 0;
  try {
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i++) {
        const type = capture.header.eventTypes[batch.type[i] ?? -1];
        const ts = batch.ts[i] ?? Number.NaN;
        expect(ts).toBeGreaterThanOrEqual(last);
        last = ts;
        const fields = Object.entries(batch.fields(i)).map(([name, got]) => [
          name,
          canonical(type && isText(`${type.system}:${type.name}`, name) ? textOf(got) : got),
        ]);
        add(events, batch.cpu[i] ?? -1, {
          type: `${type?.system}:${type?.name}`,
          tid: batch.tid[i],
          ts: capture.header.clock.base + BigInt(ts),
          fields: Object.fromEntries(fields),
        });
      }
    }
  } finally {
    capture.close();
  }
  return events;
}

function add(events: Events, cpu: number, event: unknown): void {
  events.set(cpu, [...(events.get(cpu) ?? []), event]);
}

/** What the record holds of a value: wrapped to the field's size and sign. */
function stored(field: WriterField, given: ScenarioValue | undefined): FieldValue {
  if (typeof given === 'bigint') return wrap(given, field);
  if (Array.isArray(given)) return given.map((element) => wrap(BigInt(element), field));
  return given as FieldValue;
}

function wrap(whole: bigint, field: WriterField): bigint {
  const bits = field.elementSize * 8;
  return field.signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole);
}

function isText(type: string, name: string): boolean {
  const format = kernelFormats('7.2').get(type);
  return format?.fields.some((field) => field.name === name && field.text) ?? false;
}

/** Character arrays that their print format shows as bytes are decoded as bytes, with what follows the NUL. */
function textOf(got: FieldValue): FieldValue {
  if (!(got instanceof Uint8Array)) return got;
  const end = got.indexOf(0);
  return new TextDecoder().decode(end < 0 ? got : got.subarray(0, end));
}

/** Numbers as decimal text, arrays of any kind as arrays. */
function canonical(got: FieldValue): string | string[] {
  if (typeof got === 'object') return [...got].map(String);
  return typeof got === 'string' ? `"${got}"` : String(got);
}

function hasUniqueNames(format: WriterFormat): boolean {
  return new Set(format.fields.map((field) => field.name)).size === format.fields.length;
}
