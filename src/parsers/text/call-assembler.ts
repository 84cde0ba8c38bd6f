import type { Fields, FieldValue } from '../parser.ts';
import type { Call, Line } from './line.ts';
import { PAYLOAD } from './payload.ts';
import { isBefore, plus, type Stamp } from './stamp.ts';

/** An entry or return of a function, made from a line of the function_graph tracer. */
export interface CallEvent extends Stamp {
  readonly name: 'funcgraph_entry' | 'funcgraph_exit';
  readonly cpu: number;
  readonly tid: number;
  readonly flags: number;
  readonly isTicks: boolean;
  readonly fields: Fields;
}

interface OpenCall {
  readonly function: string;
  readonly depth: number;
  readonly entered: Stamp;
}

/** Deeper the tracer does not go (ARCH_SHADOW/FTRACE_RETFUNC_DEPTH). */
const DEEPEST = 256;

/**
 * Entries and returns from the lines of function_graph. A leaf is one line: its return is due a
 * duration later, after events of other CPUs that come in between.
 *
 * Without absolute times only durations are known. Then each CPU has a clock that runs by them: a
 * call takes exactly as long as recorded, and what lies between two outermost calls takes no time.
 */
export class CallAssembler {
  readonly #hasTime: boolean;
  /** By thread, the innermost last. */
  readonly #stacks = new Map<number, OpenCall[]>();
  /** Returns that are due later, the earliest first. */
  readonly #due: CallEvent[] = [];
  readonly #clocks = new Map<number, Stamp>();
  #latest: Stamp = { high: 0, low: 0 };

  constructor(hasTime: boolean) {
    this.#hasTime = hasTime;
  }

  /**
   * The next return that comes no later than the line, or any when there is no line. What the line's
   * thread called before has returned by then, however the durations are rounded.
   */
  takeDue(line: Line | undefined): CallEvent | undefined {
    const first = this.#due[0];
    if (!first) return undefined;
    if (!line || !this.#hasTime || !isBefore(line, first)) return this.#due.shift();
    const own = this.#due.findIndex(({ tid, cpu }) => tid === line.tid && cpu === line.cpu);
    const [late] = own < 0 ? [] : this.#due.splice(own, 1);
    return late && { ...late, high: line.high, low: line.low };
  }

  /** For an event without a time of its own. */
  setTime(line: Line): void {
    if (this.#hasTime) return;
    const now = this.#now(line);
    line.high = now.high;
    line.low = now.low;
    line.isTicks = false;
  }

  /** The event of this line; the return of a leaf is due later. */
  add(line: Line, call: Call): CallEvent {
    this.setTime(line);
    const entered: Stamp = { high: line.high, low: line.low };
    if (call.kind === 'exit') return this.#leave(line, call, entered);
    const entry = event('funcgraph_entry', line, entered, {
      func: call.function,
      depth: call.depth,
      ...(call.args ? { args: call.args } : {}),
      [PAYLOAD]: call.text,
    });
    if (call.kind === 'entry') {
      const stack = this.#stackOf(line.tid);
      if (stack.length >= DEEPEST) stack.shift();
      cutTo(stack, call.depth);
      stack.push({ function: call.function, depth: call.depth, entered });
    } else {
      const left = plus(entered, call.duration ?? 0);
      this.#pass(line.cpu, left);
      const fields = { ...returnFields(call, call.function), [PAYLOAD]: leafReturn(call) };
      this.#schedule(event('funcgraph_exit', line, left, fields));
    }
    return entry;
  }

  #leave(line: Line, call: Call, now: Stamp): CallEvent {
    const stack = this.#stackOf(line.tid);
    cutTo(stack, call.depth + 1);
    const last = stack.at(-1);
    const open = last?.depth === call.depth ? stack.pop() : undefined;
    let left = now;
    if (!this.#hasTime) {
      left = open ? plus(open.entered, call.duration ?? 0) : plus(now, call.duration ?? 0);
      this.#pass(line.cpu, left);
    }
    const name = call.function === '' ? (open?.function ?? '') : call.function;
    return event('funcgraph_exit', line, left, returnFields(call, name));
  }

  #stackOf(tid: number): OpenCall[] {
    let stack = this.#stacks.get(tid);
    if (!stack) {
      stack = [];
      this.#stacks.set(tid, stack);
    }
    return stack;
  }

  #schedule(later: CallEvent): void {
    const due = this.#due;
    let at = due.length;
    while (at > 0 && isBefore(later, due[at - 1] as CallEvent)) at--;
    due.splice(at, 0, later);
  }

  /** An outermost call begins no earlier than what other CPUs have shown so far. */
  #now(line: Line): Stamp {
    const isOutermost = line.call?.kind !== 'exit' && line.call?.depth === 0;
    const own = this.#clocks.get(line.cpu) ?? this.#latest;
    const now = isOutermost && isBefore(own, this.#latest) ? this.#latest : own;
    this.#clocks.set(line.cpu, now);
    return now;
  }

  #pass(cpu: number, to: Stamp): void {
    if (this.#hasTime) return;
    const now = this.#clocks.get(cpu);
    if (!now || isBefore(now, to)) this.#clocks.set(cpu, to);
    if (isBefore(this.#latest, to)) this.#latest = to;
  }
}

/** Calls whose return was lost are given up when one of their depth or above follows. */
function cutTo(stack: OpenCall[], depth: number): void {
  while (stack.length > 0 && (stack.at(-1) as OpenCall).depth >= depth) stack.pop();
}

function event(
  name: CallEvent['name'],
  { cpu, tid, flags, isTicks }: Line,
  { high, low }: Stamp,
  fields: Fields,
): CallEvent {
  return { name, high, low, cpu, tid, flags, isTicks, fields };
}

/** The return of a leaf has no line of its own. */
function leafReturn({ text, depth, function: name }: Call): string {
  return `${text.slice(0, text.indexOf('|') + 1)}${' '.repeat(depth * 2 + 2)}} /* ${name} */`;
}

function returnFields(call: Call, name: string): Fields {
  const fields: Record<string, FieldValue> = { func: name, depth: call.depth };
  if (call.duration !== undefined) fields.duration = call.duration;
  if (call.retval !== undefined) fields.retval = call.retval;
  fields[PAYLOAD] = call.text;
  return fields;
}
