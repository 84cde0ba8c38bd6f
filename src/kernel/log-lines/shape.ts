/**
 * How the files of this folder say what a line of the kernel log means: a regular expression whose
 * named groups are values, converted here in one place.
 */
import type { Word } from '../occurrence.ts';
import { type LogLine, pciAddress } from './line.ts';
import type { LogAccess, LogClass, LogParts } from './log-record.ts';

/** The first, or only, line of a record. */
export interface HeadShape {
  readonly class: LogClass;
  /** Matched against the body: what follows the names of device, driver and function. */
  readonly line: RegExp;
  /** Function that has to have printed it. */
  readonly by?: RegExp;
  /** Values the class or the wording implies. */
  readonly adds?: LogParts | undefined;
  /** Whether the record has more lines; `needed`: without them it says nothing. */
  readonly body?: 'needed' | 'optional' | undefined;
  /** What no named group can say. */
  readonly refine?: ((parts: LogParts, groups: Groups, line: LogLine) => void) | undefined;
}

/** A further line of a record. */
export interface PartShape {
  readonly of: readonly LogClass[];
  readonly line: RegExp;
  readonly adds?: LogParts;
  /** Classes whose record has no line after this one. */
  readonly last?: readonly LogClass[];
  /** Means the same record even when its head is missing (filtered away, or overwritten). */
  readonly leads?: LogClass;
  readonly refine?: ((parts: LogParts, groups: Groups, line: LogLine) => void) | undefined;
}

export interface LogSource {
  /** The file's name; `source` of its records. */
  readonly name: string;
  /** Cheap, asked before any shape: whether the line can be its, unless it goes on with a record. */
  readonly concerns: (line: LogLine) => boolean;
  /** What stands before every body and means nothing: which GT, which file. */
  readonly trim?: RegExp;
  readonly heads: readonly HeadShape[];
  readonly parts?: readonly PartShape[];
}

export type Groups = Readonly<Record<string, string | undefined>>;

/** Printed where a request has no PASID (intel-iommu up to 5.12). */
const NO_PASID = 0xffffffff;
const PAGE_SHIFT = 12n;

type Reader = (parts: LogParts, text: string) => unknown;

/** By name of the group. A trailing `Hex` reads the number as hexadecimal, with or without 0x. */
const READERS: Readonly<Record<string, Reader>> = {
  device: (parts, text) => (parts.device = pciAddress(text)),
  comm: (parts, text) => {
    if (text.trim() !== '' && text !== '<unknown>') parts.comm = text;
  },
  thread: (parts, text) => {
    if (text.trim() !== '') parts.thread = text;
  },
  pid: (parts, text) => number(text, 10, (value) => (parts.pid = value)),
  tid: (parts, text) => number(text, 10, (value) => (parts.threadId = value)),
  pasid: (parts, text) => pasid(parts, text, 10),
  pasidHex: (parts, text) => pasid(parts, text, 16),
  vmid: (parts, text) => number(text, 10, (value) => (parts.vmid = value)),
  asid: (parts, text) => number(text, 10, (value) => (parts.asid = value)),
  queue: (parts, text) => number(text, 10, (value) => (parts.queue = value)),
  queueHex: (parts, text) => number(text, 16, (value) => (parts.queue = value)),
  /** nvidia writes `0x7f29_5b8c9000`; old drivers leave the 0x out. */
  address: (parts, text) => {
    const digits = text.replace(/^0x/i, '').replaceAll('_', '');
    if (digits !== '') parts.address = word(BigInt(`0x${digits}`));
  },
  page: (parts, text) => (parts.address = word(BigInt(text) << PAGE_SHIFT)),
  pageHex: (parts, text) => (parts.address = word(BigInt(`0x${text}`) << PAGE_SHIFT)),
  access: (parts, text) => {
    const found = accessOf(text);
    if (found) parts.access = found;
  },
  statusHex: (parts, text) => number(text, 16, (value) => (parts.status = value)),
  /** VT-d printed it in decimal up to 5.13, in hexadecimal with 0x since. */
  reason: (parts, text) =>
    number(text, text.startsWith('0x') ? 16 : 10, (value) => (parts.reason = value)),
  reasonHex: (parts, text) => number(text, 16, (value) => (parts.reason = value)),
  meaning: (parts, text) => {
    if (text !== '') parts.meaning = text;
  },
  retry: (parts, text) => (parts.retry = text === 'retry'),
  engine: (parts, text) => (parts.engine = text),
  client: (parts, text) => (parts.client = text),
  seqno: (parts, text) => number(text, 10, (value) => (parts.seqno = value)),
  seqnoHex: (parts, text) => number(text, 16, (value) => (parts.seqno = value)),
  emitted: (parts, text) => number(text, 10, (value) => (parts.emitted = value)),
  errno: (parts, text) => number(text, 10, (value) => (parts.errno = value)),
  errnoName: (parts, text) => {
    const errno = ERRNOS[text];
    if (errno !== undefined) parts.errno = errno;
  },
  fence: (parts, text) => (parts.fence = text),
  function: (parts, text) => (parts.function = text),
  running: (parts, text) => number(text, 10, (value) => (parts.running = value)),
  seconds: (parts, text) => number(text, 10, (value) => (parts.seconds = value)),
  hidden: (parts, text) => number(text, 10, (value) => (parts.hiddenAtLeast = value)),
  place: (parts, text) => {
    parts.places ??= [];
    if (parts.places.length < MAX_PLACES && !parts.places.includes(text)) parts.places.push(text);
  },
};

const MAX_PLACES = 12;

/** Errnos xe names since 7.x (`%pe`). */
const ERRNOS: Readonly<Record<string, number>> = {
  EPERM: -1,
  ENOENT: -2,
  ESRCH: -3,
  EIO: -5,
  EAGAIN: -11,
  ENOMEM: -12,
  EACCES: -13,
  EFAULT: -14,
  EBUSY: -16,
  ENODEV: -19,
  EINVAL: -22,
  ENOSPC: -28,
  EDEADLK: -35,
  ETIME: -62,
  EOPNOTSUPP: -95,
  ETIMEDOUT: -110,
  ECANCELED: -125,
};

/** Adds what a matched line says to the parts of its record. */
export function readParts(
  parts: LogParts,
  shape: Pick<HeadShape, 'adds' | 'refine'>,
  groups: Groups,
  line: LogLine,
): void {
  for (const name in groups) {
    const text = groups[name];
    if (text !== undefined) READERS[name]?.(parts, text);
  }
  if (shape.adds) Object.assign(parts, shape.adds);
  shape.refine?.(parts, groups, line);
}

function number(text: string, base: 10 | 16, set: (value: number) => void): void {
  const value = Number.parseInt(text.replace(/^0x/i, ''), base);
  if (Number.isSafeInteger(value)) set(value);
}

function pasid(parts: LogParts, text: string, base: 10 | 16): void {
  number(text, base, (value) => {
    if (value !== NO_PASID) parts.pasid = value;
  });
}

/** Longer ones are no addresses of any machine. */
function word(text: bigint): Word {
  const value = BigInt.asUintN(64, text);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function accessOf(text: string): LogAccess | undefined {
  if (/atomic/i.test(text)) return 'atomic';
  if (/write/i.test(text)) return 'write';
  if (/read/i.test(text)) return 'read';
  return /exec/i.test(text) ? 'execute' : undefined;
}
