import type { FieldValue } from '../parsers/parser.ts';
import type { Word } from './occurrence.ts';

/** Arguments of a probe or fields of an event, by name. */
export type Arguments = Readonly<Record<string, FieldValue | undefined>>;

/**
 * What users call the same argument: the names of the recipes in circulation, of the C parameters
 * (BTF probes with `$arg*`) and of `->` expressions without a name of their own.
 */
const SYNONYMS = {
  mm: ['mm', 'range_mm', 'mm_struct'],
  mni: ['mni', 'notifier', 'interval_sub', 'interval', 'sub', 'mn', 'subscription'],
  mirror: ['mirror', 'hmm_mirror', 'mni'],
  start: ['start', 'range_start', 'begin'],
  end: ['end', 'range_end'],
  last: ['last', 'range_last'],
  length: ['len', 'length', 'size'],
  seq: ['seq', 'nseq', 'notifier_seq', 'cur_seq', 'iseq'],
  flags: ['flags', 'range_flags'],
  reason: ['event', 'reason', 'range_event'],
  owner: ['owner', 'range_owner'],
  fence: ['fence', 'f', 'pointer'],
  context: ['context', 'ctx', 'fence_context'],
  seqno: ['seqno', 'seq', 'fence_seqno'],
  error: ['error', 'err'],
  pasid: ['pasid'],
  device: ['dev', 'drm', 'ddev'],
  file: ['filp', 'file'],
  address: ['addr', 'address', 'va', 'fault_addr'],
  ret: ['ret', 'retval', 'rv', 'rc', 'result', 'seq', 'arg1'],
} as const;

export type ArgumentName = keyof typeof SYNONYMS;

/** The argument of that meaning, whatever the probe calls it; undefined when it was not recorded. */
export function argument(args: Arguments, name: ArgumentName): Word | undefined {
  for (const synonym of SYNONYMS[name]) {
    const value = args[synonym];
    if (typeof value === 'number' || typeof value === 'bigint') return value;
  }
  return undefined;
}

/** As `argument`, for values that are small by nature. */
export function smallArgument(args: Arguments, name: ArgumentName): number | undefined {
  const value = argument(args, name);
  return value === undefined ? undefined : Number(value);
}

/** An integer field as it is; undefined when absent or no integer. */
export function word(value: FieldValue | undefined): Word | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

/** An integer field that is small by nature. */
export function small(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

export function string(value: FieldValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Low 32 bits, unsigned: what the dma_fence tracepoints keep of a context or seqno. */
export function low32(value: Word): number {
  return typeof value === 'number' && value >= 0 && value <= 0xffffffff
    ? value
    : Number(BigInt.asUintN(32, BigInt(value)));
}

/**
 * A return value of a function returning int. With a bare `$retval` -16 is recorded as
 * 0xfffffffffffffff0 or 0xfffffff0 (the upper half of the register is rubbish): only 32 bits count.
 */
export function signedInt(value: Word | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= -0x80000000 && value <= 0x7fffffff) return value;
  return Number(BigInt.asIntN(32, BigInt(value)));
}

/** A return value of a function returning long; a u32 in the errno range was cut by the probe. */
export function signedLong(value: Word | undefined): number | undefined {
  if (value === undefined) return undefined;
  const MAX_ERRNO = 4095;
  if (typeof value === 'number') {
    const cut = value > 0xffffffff - MAX_ERRNO && value <= 0xffffffff;
    return cut ? value - 0x100000000 : value;
  }
  return Number(BigInt.asIntN(64, value));
}

/** What a returning probe recorded as the return value, whatever it calls it. */
export function returnValue(args: Arguments): Word | undefined {
  return argument(args, 'ret');
}

/** A sum as exact as its parts; small results are numbers, so that equal values are equal keys. */
export function plus(a: Word, b: Word): Word {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt.asUintN(64, BigInt(a) + BigInt(b));
  return sum <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sum) : sum;
}
