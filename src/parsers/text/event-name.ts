import {
  EVENT,
  FUNCTION,
  find,
  type Line,
  REST,
  SPACE,
  STACK,
  SYSCALL_ENTER,
  SYSCALL_EXIT,
  startsWith,
  USER_STACK,
} from './line.ts';

const COLON = 58;
const OPEN = 40;
const LESS = 60;
const LONGEST_NAME = 128;

/**
 * Reads what follows the time: an event's name and where its payload begins, or one of the forms
 * kernel/trace prints without a name (trace_output.c, trace_syscalls.c). `column` is how wide the
 * name is padded, 0 where it is not.
 */
export function scanEvent(
  bytes: Buffer,
  from: number,
  end: number,
  line: Line,
  column: number,
): void {
  let at = from;
  while (at < end && bytes[at] === SPACE) at++;
  line.nameStart = at;
  line.payloadEnd = end;
  if (bytes[at] === LESS && scanStack(bytes, at, end, line)) return;
  const limit = Math.min(end, at + LONGEST_NAME);
  while (at < limit) {
    const byte = bytes[at];
    // a colon inside parts system and event
    if (byte === COLON && (at + 1 >= end || bytes[at + 1] === SPACE)) {
      line.form = EVENT;
      line.nameEnd = at;
      line.payloadStart = payloadStart(bytes, line, end, column);
      return;
    }
    if (byte === SPACE || byte === OPEN) break;
    at++;
  }
  line.nameEnd = at;
  scanNameless(bytes, at, end, line);
}

/** Spaces that fill the column are no part of the payload; fewer spaces are. */
function payloadStart(bytes: Uint8Array, line: Line, end: number, column: number): number {
  const first = Math.min(end, line.nameEnd + 2);
  const filled = first + column - (line.nameEnd - line.nameStart);
  for (let at = first; at < filled; at++) if (bytes[at] !== SPACE) return first;
  return Math.min(end, Math.max(first, filled));
}

function scanStack(bytes: Uint8Array, at: number, end: number, line: Line): boolean {
  line.nameEnd = at;
  line.payloadStart = at;
  if (startsWith(bytes, at, end, '<stack trace')) line.form = STACK;
  else if (startsWith(bytes, at, end, '<user stack trace')) line.form = USER_STACK;
  else return false;
  return true;
}

function scanNameless(bytes: Buffer, at: number, end: number, line: Line): void {
  const isSyscall = startsWith(bytes, line.nameStart, end, 'sys_');
  if (isSyscall && bytes[at] === OPEN) {
    line.form = SYSCALL_ENTER;
    line.payloadStart = at + 1;
    line.payloadEnd = bytes[end - 1] === 41 ? end - 1 : end;
  } else if (isSyscall && startsWith(bytes, at, end, ' -> ')) {
    line.form = SYSCALL_EXIT;
    line.payloadStart = at + 4;
  } else if (find(bytes, ' <-', at, end) >= 0) {
    line.form = FUNCTION;
    line.payloadStart = line.nameStart;
    line.nameEnd = line.nameStart;
  } else {
    line.form = REST;
  }
}
