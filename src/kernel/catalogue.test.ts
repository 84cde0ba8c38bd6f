import { describe, expect, it } from 'vitest';
import { EVENTS, FUNCTIONS, LEFT_OUT, namesOf } from '../../test/documented-names.ts';
import { type Kernel, kernelFormats } from '../../test/scenario/kernel-formats.ts';
import type { Fields } from '../parsers/parser.ts';
import { eventRules, probeRoles, probeRules } from './catalogue.ts';
import { LogAssembler } from './log-lines/assembler.ts';
import { MmapWriters } from './mmap-writers.ts';
import { Sleepers } from './sleepers.ts';
import type { Recorded } from './subsystem.ts';

const events = Object.entries(EVENTS).flatMap(([system, names]) =>
  namesOf(names).map((name) => `${system}:${name}`),
);
const functions = namesOf(FUNCTIONS);
const leftOut = LEFT_OUT.flatMap(({ names }) => namesOf(names));

function isKnown(name: string): boolean {
  return eventRules.has(name) || probeRules.has(name) || probeRoles.has(name);
}

describe('events and functions that tell of shared virtual memory', () => {
  it('are in the catalogue, or left out for a reason', () => {
    const told = new Set(leftOut);
    expect([...events, ...functions].filter((name) => !isKnown(name) && !told.has(name))).toEqual(
      [],
    );
  });

  it('are not both', () => {
    expect(leftOut.filter(isKnown)).toEqual([]);
  });

  it('have no reason where they are not among those asked for', () => {
    const all = new Set([...events, ...functions]);
    expect(leftOut.filter((name) => !all.has(name))).toEqual([]);
  });

  it('are each asked for once', () => {
    const all = [...events, ...functions, ...leftOut].sort();
    const left = new Set(leftOut);
    expect(all.filter((name, index) => all[index + 1] === name && !left.has(name))).toEqual([]);
  });
});

const KERNELS: readonly Kernel[] = ['6.1', '6.12', '7.2'];

/** Names of fields that no kernel of the fixtures has: of older ones, and of text recordings. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  // text recordings name the parts of a line; a CSV or a text holds the whole event as `payload`
  '*': ['payload'],
  // the rules for its functions by probe are the same
  'dma_buf:*': [
    ...['dmabuf', 'buf', 'att', 'attachment', 'dev', 'drm', 'ddev', 'exp', 'p2p', 'peer2peer'],
  ],
  // 4.x: pas_id and vm_id
  'amdgpu:amdgpu_iv': ['pas_id', 'vm_id'],
  // up to 4.17 a request was named by the number of its ring
  'i915:*': ['ring'],
  'intel_iommu:prq_report': ['pasid', 'addr', 'rid', 'index', 'access'],
  'migrate:mm_migrate_pages': ['nr_succeeded'],
  'virtio_gpu:*': ['vdev'],
};

function isOtherName(event: string, field: string): boolean {
  const system = event.replace(/:.*/, ':*');
  return ['*', system, event].some((key) => OTHER_NAMES[key]?.includes(field) ?? false);
}

/** The names of the fields a rule asks for, told by giving it fields that watch. */
function asked(event: string, names: readonly string[]): Set<string> {
  const read = new Set<string>();
  const watch = new Proxy({} as Record<string, number>, {
    get: (_, name) => {
      if (typeof name === 'string') read.add(name);
      return names.includes(String(name)) ? 1 : undefined;
    },
  });
  const recorded = {
    source: 'probe',
    kernel: { release: undefined },
    log: new LogAssembler([]),
    symbol: () => undefined,
    writers: new MmapWriters(),
    sleepers: new Sleepers(),
    dropRow: () => undefined,
  } as unknown as Recorded;
  eventRules.get(event)?.read(watch as Fields, { event: 1, ts: 1, cpu: 0, tid: 1 }, recorded, 0);
  return read;
}

describe('a rule for an event', () => {
  const formats = KERNELS.map((kernel) => kernelFormats(kernel));
  const known = [...eventRules.keys()].filter((event) => formats.some((one) => one.has(event)));

  it('is there for more than a hundred events of the kernels at hand', () => {
    expect(known.length).toBeGreaterThan(100);
  });

  // events of one system share their rules
  const fieldsOf = (system: string): Set<string> =>
    new Set(
      formats
        .flatMap((one) => [...one.values()].filter((format) => format.system === system))
        .flatMap(({ fields }) => fields.map(({ name }) => name)),
    );

  it.each(known)('%s asks for fields that some kernel records', (event) => {
    const has = fieldsOf(event.replace(/:.*/, ''));
    const read = KERNELS.flatMap((kernel) => {
      const format = kernelFormats(kernel).get(event);
      return format
        ? [
            ...asked(
              event,
              format.fields.map(({ name }) => name),
            ),
          ]
        : [];
    });
    const unknown = [...new Set(read)].filter(
      (name) => !has.has(name) && !isOtherName(event, name),
    );
    expect(unknown).toEqual([]);
  });
});
