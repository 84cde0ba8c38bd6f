/** What the head of a line says, as places in the bytes it was read from. One object serves all lines. */
export class Line {
  form: Form = EVENT;
  start = 0;
  commStart = 0;
  commEnd = 0;
  tid = 0;
  /** -1 where the line does not say. */
  tgid = -1;
  cpu = 0;
  /** common_flags | common_preempt_count << 8. */
  flags = 0;
  /**
   * The time stamp, exact beyond 2^53: seconds and nanoseconds, or ticks divided by 10^9 and their
   * rest.
   */
  high = 0;
  low = 0;
  isTicks = false;
  /** `event`, or `system:event` where the text says so. */
  nameStart = 0;
  nameEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Name of the trace instance ahead of the line; empty for the top buffer. */
  bufferStart = 0;
  bufferEnd = 0;
  /** What a line of the function_graph tracer says, for the form `CALL`. */
  call: Call | undefined = undefined;

  /** The bytes moved towards the start. */
  shift(by: number): void {
    this.start -= by;
    this.commStart -= by;
    this.commEnd -= by;
    this.nameStart -= by;
    this.nameEnd -= by;
    this.payloadStart -= by;
    this.payloadEnd -= by;
    this.bufferStart -= by;
    this.bufferEnd -= by;
  }
}

/** A function entered, returned from, or both in one line. */
export interface Call {
  readonly kind: 'entry' | 'exit' | 'leaf';
  /** Empty where the line does not name it. */
  readonly function: string;
  readonly depth: number;
  /** ns; undefined where the line has none. */
  readonly duration: number | undefined;
  readonly args: readonly (number | bigint)[] | undefined;
  readonly retval: number | bigint | undefined;
  /** The line from the duration on. */
  readonly text: string;
}

/** What a line turned out to be. */
export type Form = number;
/** `name: payload`. */
export const EVENT = 0;
/** `sys_name(argument: value)`. */
export const SYSCALL_ENTER = 1;
/** `sys_name -> value`. */
export const SYSCALL_EXIT = 2;
/** `callee <-caller` of the function tracer. */
export const FUNCTION = 3;
/** `<stack trace>`, the frames on the following lines. */
export const STACK = 4;
/** `<user stack trace>`. */
export const USER_STACK = 5;
/** A line of the function_graph tracer. */
export const CALL = 6;
/** Comments, banners, empty lines: nothing happened. */
export const SKIP = 7;
/** The recorder lost events. */
export const LOSS = 8;
/** No head: belongs to the event before it, or is unknown. */
export const REST = 9;

export const SPACE = 32;
const TAB = 9;
const COLON = 58;
const DASH = 45;

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

export function skipSpaces(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

export function startsWith(bytes: Uint8Array, at: number, end: number, text: string): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Where `text` stands between two places; -1 when it does not. Never looks beyond them. */
export function find(bytes: Uint8Array, text: string, from: number, end: number): number {
  const first = text.charCodeAt(0);
  for (let at = from; at + text.length <= end; at++) {
    if (bytes[at] === first && startsWith(bytes, at, end, text)) return at;
  }
  return -1;
}

/** The comm without the spaces that align it. */
export function setComm(bytes: Uint8Array, start: number, end: number, line: Line): void {
  line.commStart = skipSpaces(bytes, start, end);
  let last = end;
  while (last > line.commStart && bytes[last - 1] === SPACE) last--;
  line.commEnd = last;
}

/** A time stamp and the colon after it. Returns the place behind the colon; -1 when there is none. */
export function scanTime(bytes: Uint8Array, from: number, end: number, line: Line): number {
  const stamp = scanStamp(bytes, from, end, line);
  return stamp >= 0 && bytes[stamp] === COLON ? stamp + 1 : -1;
}

/**
 * `251.968339`, ticks `6771`, or `16720us!` of the latency format. Returns the place behind it; -1
 * when there is none.
 */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: for each line; one straight scan is what makes it fast
export function scanStamp(bytes: Uint8Array, from: number, end: number, line: Line): number {
  let at = from;
  let whole = 0;
  while (at < end && isDigit(bytes[at])) whole = whole * 10 + (bytes[at++] as number) - 48;
  const digits = at - from;
  if (digits === 0 || digits > MOST_DIGITS) return -1;
  if (bytes[at] === 46) {
    let fraction = 0;
    const point = at++;
    while (at < end && isDigit(bytes[at])) fraction = fraction * 10 + (bytes[at++] as number) - 48;
    const places = at - point - 1;
    if (places === 0 || places > 9 || whole > MOST_SECONDS) return -1;
    line.high = whole;
    line.low = fraction * (POWERS[9 - places] as number);
    line.isTicks = false;
  } else if (bytes[at] === 117 && bytes[at + 1] === 115) {
    // the mark that follows says how long the next event takes: " ", "+", "!", "#", "*", "@", "$"
    at += bytes[at + 2] === COLON ? 2 : 3;
    line.high = Math.floor(whole / 1_000_000);
    line.low = (whole % 1_000_000) * 1000;
    line.isTicks = false;
  } else {
    setTicks(bytes, from, at, line);
  }
  return at;
}

/** 64 bits of ticks, and of nanoseconds. */
const MOST_DIGITS = 20;
const MOST_SECONDS = 18_446_744_073;
const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

function setTicks(bytes: Uint8Array, from: number, end: number, line: Line): void {
  const split = Math.max(from, end - 9);
  let high = 0;
  let low = 0;
  for (let i = from; i < split; i++) high = high * 10 + (bytes[i] as number) - 48;
  for (let i = split; i < end; i++) low = low * 10 + (bytes[i] as number) - 48;
  line.high = high;
  line.low = low;
  line.isTicks = true;
}

/** `trace-cmd report --ts-diff` adds ` (+32)`. */
export function skipDifference(bytes: Uint8Array, from: number, end: number): number {
  const at = skipSpaces(bytes, from, end);
  if (bytes[at] !== 40 || bytes[at + 1] !== 43) return from;
  const close = find(bytes, ')', at, Math.min(end, at + MOST_DIGITS + 4));
  return close >= 0 ? close + 1 : from;
}

/** TRACE_FLAG_* of include/linux/trace_events.h behind the letters of trace_print_lat_fmt, by byte. */
const IRQS = byLetter({ d: 1, D: 0x81, b: 0x80, X: 2 });
const RESCHED = byLetter({ N: 0x24, n: 4, p: 0x20, B: 0x24, L: 4, b: 4 });
const INTERRUPT = byLetter({ Z: 0x48, z: 0x40, H: 0x18, h: 8, s: 16 });
const DIGIT = byLetter(
  Object.fromEntries([...'0123456789abcdef'].map((digit, value) => [digit, value])),
);

function byLetter(flags: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [letter, flag] of Object.entries(flags)) table[letter.charCodeAt(0)] = flag;
  return table;
}

/** The letters of irq-info: four of them, five since migrate-disable is shown (5.16). */
export function scanFlags(bytes: Uint8Array, from: number, end: number): number {
  const length = end - from;
  if (length < 4 || length > 6) return 0;
  // `trace-cmd report -R -l`
  if (bytes[from] === DASH) return numberFrom(bytes, from + 3, end);
  const flags =
    flagOf(IRQS, bytes[from]) |
    flagOf(RESCHED, bytes[from + 1]) |
    flagOf(INTERRUPT, bytes[from + 2]);
  const disabled = length > 4 ? flagOf(DIGIT, bytes[from + 4]) : 0;
  return flags | (((disabled << 4) | flagOf(DIGIT, bytes[from + 3])) << 8);
}

function flagOf(table: Uint8Array, byte: number | undefined): number {
  return table[byte ?? 0] ?? 0;
}

function numberFrom(bytes: Uint8Array, from: number, end: number): number {
  return Number.parseInt(String.fromCharCode(...bytes.subarray(from, end)), 16) || 0;
}

/**
 * ```
 *          <idle>-0       (-------) [001] d.s2.   254.835038: dma_fence_signaled: driver=…
 *           comm -pid       tgid     cpu  flags   time        event
 * ```
 * The comm may hold spaces, dashes, colons and brackets: the pid is what stands ahead of the CPU.
 * Returns the place behind the time's colon; -1 when the line has no such head.
 */
export function scanTask(bytes: Uint8Array, start: number, end: number, line: Line): number {
  const limit = Math.min(end, start + MOST_HEAD_BYTES);
  for (let open = start; open < limit; open++) {
    if (bytes[open] !== 91) continue;
    let at = open + 1;
    let cpu = 0;
    while (at < end && isDigit(bytes[at])) cpu = cpu * 10 + (bytes[at++] as number) - 48;
    if (at === open + 1 || bytes[at] !== 93 || cpu > MOST_CPUS) continue;
    if (!scanPid(bytes, start, open, line)) continue;
    line.cpu = cpu;
    const event = scanFlagsAndTime(bytes, at + 1, end, line);
    if (event >= 0) return event;
  }
  return -1;
}

const MOST_HEAD_BYTES = 256;
export const MOST_CPUS = 65_535;

export function scanFlagsAndTime(bytes: Uint8Array, from: number, end: number, line: Line): number {
  const at = skipSpaces(bytes, from, end);
  line.flags = 0;
  const event = scanTime(bytes, at, end, line);
  if (event >= 0) return event;
  let flagsEnd = at;
  while (flagsEnd < end && bytes[flagsEnd] !== SPACE) flagsEnd++;
  if (flagsEnd - at > 8) return -1;
  line.flags = scanFlags(bytes, at, flagsEnd);
  return scanTime(bytes, skipSpaces(bytes, flagsEnd, end), end, line);
}

/** Backwards from the CPU: `comm-pid` and, with record-tgid, `(tgid)`. */
function scanPid(bytes: Uint8Array, start: number, open: number, line: Line): boolean {
  let at = open - 1;
  while (at >= start && bytes[at] === SPACE) at--;
  line.tgid = -1;
  if (bytes[at] === 41) {
    const close = at;
    while (at > start && bytes[at] !== 40) at--;
    line.tgid = numberIn(bytes, at + 1, close);
    at--;
    while (at >= start && bytes[at] === SPACE) at--;
  }
  const last = at;
  while (at >= start && isDigit(bytes[at])) at--;
  if (at === last || at < start || bytes[at] !== DASH) return false;
  line.tid = numberIn(bytes, at + 1, last + 1);
  setComm(bytes, start, at, line);
  return line.tid >= 0;
}

/** A decimal number surrounded by spaces; -1 when it is none or no pid. */
export function numberIn(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  let at = skipSpaces(bytes, from, end);
  if (!isDigit(bytes[at])) return -1;
  while (at < end && isDigit(bytes[at])) value = value * 10 + (bytes[at++] as number) - 48;
  return value <= MOST_PID ? value : -1;
}

const MOST_PID = 0x7fff_ffff;
