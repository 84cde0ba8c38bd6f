import type { Fields, KernelSymbol } from '../parser.ts';
import { OPERATIONS, type Unsigned } from './integer.ts';

/** How the records of the function tracers print (libtracecmd's trace-ftrace.c and libtraceevent's plugin_function.c). */

type SymbolOf = (address: number | bigint) => KernelSymbol | undefined;

const INDENT = '  ';
/** What stands where a nested call has no duration yet. */
const NO_DURATION = '             |  ';

export function functionName(address: Unsigned, symbol: SymbolOf, unknown = '0x'): string {
  return symbol(address)?.name ?? `${unknown}${address.toString(16)}`;
}

function address(fields: Fields, name: string): Unsigned {
  return (fields[name] as Unsigned | undefined) ?? 0;
}

/**
 * The indentation of the function tracer's lines: a callee stands one step right of its caller
 * where the caller was the callee of an earlier line of the same CPU.
 */
export class CallStacks {
  readonly #stacks = new Map<number, string[]>();

  print(fields: Fields, cpu: number, symbol: SymbolOf): string {
    const callee = address(fields, 'ip');
    const caller = symbol(address(fields, 'parent_ip'))?.name;
    const name = symbol(callee)?.name;
    const depth = caller === undefined ? 0 : this.#depthOf(cpu, caller, name);
    return `${' '.repeat(depth * 3)}${name ?? `0x${callee.toString(16)}`}`;
  }

  #depthOf(cpu: number, caller: string, callee: string | undefined): number {
    let stack = this.#stacks.get(cpu);
    if (!stack) {
      stack = [];
      this.#stacks.set(cpu, stack);
    }
    let depth = stack.indexOf(caller);
    if (depth < 0) {
      depth = 0;
      stack[0] = caller;
    }
    if (callee !== undefined) stack[depth + 1] = callee;
    return depth;
  }
}

/** A call whose return is not the next record: `name() {`. */
export function graphCall(entry: Fields, symbol: SymbolOf): string {
  const name = functionName(address(entry, 'func'), symbol, '');
  return `${NO_DURATION}${INDENT.repeat(depthOf(entry))}${name}() {`;
}

/** A call together with its return: `1.234 us | name();`. */
export function graphLeaf(entry: Fields, exit: Fields, symbol: SymbolOf): string {
  const name = functionName(address(entry, 'func'), symbol, '');
  return `${graphDuration(exit)}${INDENT.repeat(depthOf(entry))}${name}();`;
}

export function graphReturn(exit: Fields): string {
  return `${graphDuration(exit)}${INDENT.repeat(depthOf(exit))}}`;
}

/** A damaged record must not make a line of gigabytes. */
function depthOf(fields: Fields): number {
  return Math.min(Number(address(fields, 'depth')), 1000);
}

function graphDuration(exit: Fields): string {
  const subtract = OPERATIONS['-'] as (left: Unsigned, right: Unsigned) => Unsigned;
  const duration = subtract(address(exit, 'rettime'), address(exit, 'calltime'));
  const microseconds = String(BigInt(duration) / 1000n);
  const digits =
    microseconds.length < 7
      ? `${microseconds}.${String(BigInt(duration) % 1000n).padStart(3, '0')}`
      : microseconds;
  return `${overheadMark(duration)}${`${digits} us `.padEnd(11)}|  `;
}

function overheadMark(duration: Unsigned): string {
  if (duration > 1_000_000_000) return '$ ';
  if (duration > 1_000_000) return '# ';
  if (duration > 100_000) return '! ';
  return duration > 10_000 ? '+ ' : '  ';
}
