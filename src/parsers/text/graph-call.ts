import { CALL, EVENT, find, type Line, SKIP, SPACE, startsWith } from './line.ts';
import { callOf } from './payload.ts';
import { decimal, hexadecimal } from './value.ts';

// The last columns of the function_graph tracer (kernel/trace/trace_functions_graph.c), two spaces
// for each level:
//
//   ! 205.082 us  |      __mmu_notifier_register(subscription=0x0); /* = 0x0 */
//                 |    mmu_interval_notifier_insert() {
//   @ 436057.4 us |        } /* dma_fence_default_wait = 0x475 */
//                 |        /* dma_fence_init: driver=svmlab … */

/** Arguments make long lines, but not that long. */
const MOST_BYTES = 8192;

/** Sets the line's form; `from` is where the duration begins. */
export function scanCall(bytes: Buffer, from: number, end: number, line: Line): void {
  const text = bytes.toString('utf8', from, Math.min(end, from + MOST_BYTES));
  const bar = text.indexOf('|');
  line.call = undefined;
  if (bar < 0) {
    line.form = SKIP;
    return;
  }
  const body = text.slice(bar + 1);
  const call = body.trimStart();
  if (call.startsWith('/*')) {
    scanComment(bytes, from, end, line);
    return;
  }
  const depth = Math.max(0, (body.length - call.length - 2) >> 1);
  line.call = readCall(call.trimEnd(), depth, durationOf(text.slice(0, bar)), text.trimEnd());
  line.form = line.call ? CALL : SKIP;
}

/** Events inside a function stand in comments. */
function scanComment(bytes: Buffer, from: number, end: number, line: Line): void {
  let at = find(bytes, '/*', from, end) + 2;
  while (bytes[at] === SPACE) at++;
  let close = end;
  while (close > at && bytes[close - 1] === SPACE) close--;
  if (startsWith(bytes, close - 2, close, '*/')) close -= 2;
  while (close > at && bytes[close - 1] === SPACE) close--;
  const colon = find(bytes, ': ', at, close);
  const space = find(bytes, ' ', at, close);
  line.form = EVENT;
  line.nameStart = at;
  line.payloadEnd = close;
  if (colon >= 0 && space > colon) {
    line.nameEnd = colon;
    line.payloadStart = colon + 2;
  } else {
    // trace_printk and trace_marker print their text alone
    line.nameEnd = at;
    line.payloadStart = at;
  }
}

function readCall(
  text: string,
  depth: number,
  duration: number | undefined,
  line: string,
): Line['call'] {
  const comment = /\/\*(.*)\*\/\s*$/.exec(text);
  const plain = (comment ? text.slice(0, comment.index) : text).trimEnd();
  const said = comment?.[1]?.trim() ?? '';
  const retval = retvalOf(said);
  if (plain === '}') {
    return {
      kind: 'exit',
      function: said.replace(/\s*(<-.*|=.*|ret=.*)$/, '').trim(),
      depth,
      duration,
      args: undefined,
      retval,
      text: line,
    };
  }
  const isEntry = plain.endsWith('{');
  if (!isEntry && !plain.endsWith(';')) return undefined;
  const { name, args } = callOf(plain.slice(0, -1));
  return {
    kind: isEntry ? 'entry' : 'leaf',
    function: name,
    depth,
    duration,
    args,
    retval,
    text: line,
  };
}

/** `= 0x0`, `= -16`; with funcgraph-retaddr `ret=-16`. */
function retvalOf(comment: string): number | bigint | undefined {
  const match = /(?:= ?|ret=)(-?\d+|0x[0-9a-f]+)$/.exec(comment);
  const text = match?.[1];
  if (text === undefined) return undefined;
  return text.startsWith('0x') ? hexadecimal(text.slice(2)) : decimal(text);
}

/** ns of `+ 79.353 us`; the mark ahead of it only repeats that it is long. */
function durationOf(text: string): number | undefined {
  const match = /(\d+)(?:\.(\d+))? us\s*$/.exec(text);
  if (!match) return undefined;
  const [, whole = '0', fraction = ''] = match;
  return Number(whole) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
}
