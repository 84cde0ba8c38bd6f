import type { Capture, EventBatch, EventType, PrintStyle } from './parser.ts';

/** Which of `perf script`'s options the lines follow. */
export interface ScriptLineOptions {
  readonly style: PrintStyle;
  /** `--ns`: all digits of the time stamp. */
  readonly nanoseconds?: boolean;
}

const SECOND = 1_000_000_000;

/**
 * Makes the lines of `perf script` in its default form (process_event and perf_sample__fprintf_start
 * in tools/perf/builtin-script.c), with the widths of the perf that recorded.
 */
export class PerfScriptLines {
  readonly #capture: Capture;
  readonly #options: ScriptLineOptions;
  readonly #nameWidth: number;
  readonly #tidWidth: number;
  readonly #hasChains: boolean;
  readonly #baseSeconds: number;
  readonly #baseRest: number;

  constructor(capture: Capture, options: ScriptLineOptions) {
    const { eventTypes, facts, clock } = capture.header;
    this.#capture = capture;
    this.#options = options;
    this.#nameWidth = Math.max(0, ...eventTypes.map((type) => nameOf(type).length));
    this.#tidWidth = tidWidth(facts['recorded by']);
    this.#hasChains = facts['call chains'] !== undefined;
    this.#baseSeconds = Number(clock.base / BigInt(SECOND));
    this.#baseRest = Number(clock.base % BigInt(SECOND));
  }

  head(): string {
    return '';
  }

  begin(): void {}

  add(batch: EventBatch, i: number): string {
    const type = this.#capture.header.eventTypes[batch.type[i] as number] as EventType;
    const tid = batch.tid[i] as number;
    const comm = this.#capture.comm(tid) ?? `:${tid}`;
    // with call chains perf does not line the names up
    const task = this.#hasChains ? comm : padBytes(comm, 16);
    const cpu = batch.cpu[i] as number;
    const place = cpu < 0 ? '' : `[${String(cpu).padStart(3, '0')}] `;
    const name = nameOf(type).padStart(this.#nameWidth);
    const payload = this.#capture.print(type, batch.fields(i), this.#options.style);
    const line = `${task} ${String(tid).padStart(this.#tidWidth)} ${place}${this.#time(batch.ts[i] as number)}: ${name}: ${payload}\n`;
    return this.#hasChains ? `${line}${this.#chain(batch, i)}\n` : line;
  }

  end(): string {
    return '';
  }

  /** perf also names functions from the recorded machine's files; a recording holds none of those. */
  #chain(batch: EventBatch, i: number): string {
    let text = '';
    for (const { address, isKernel, file } of batch.callchain?.(i) ?? []) {
      const symbol = isKernel ? this.#capture.symbol(address) : undefined;
      const name = symbol ? `${symbol.name}+0x${symbol.offset.toString(16)}` : '[unknown]';
      const place = isKernel ? (file?.startsWith('[kernel') ? undefined : file) : file;
      text += `\t${address.toString(16).padStart(16)} ${name} (${place ?? '[unknown]'})\n`;
    }
    return text;
  }

  /** perf cuts the digits off where trace-cmd rounds. */
  #time(ts: number): string {
    const rest = this.#baseRest + ts;
    const seconds = this.#baseSeconds + Math.floor(rest / SECOND);
    const fraction = rest - Math.floor(rest / SECOND) * SECOND;
    if (this.#options.nanoseconds) {
      return `${String(seconds).padStart(5)}.${String(fraction).padStart(9, '0')}`;
    }
    const microseconds = String(Math.floor(fraction / 1000)).padStart(6, '0');
    return `${seconds}.${microseconds}`.padStart(12);
  }
}

function nameOf({ system, name }: EventType): string {
  return `${system}:${name}`;
}

/** The column of thread ids is 5 wide up to perf 6.7 and 7 wide since. */
function tidWidth(recorder: string | undefined): number {
  const [, major = '99', minor = '0'] = /perf (\d+)\.(\d+)/.exec(recorder ?? '') ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 8) ? 7 : 5;
}

/** printf's widths count bytes. */
function padBytes(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - Buffer.byteLength(text))) + text;
}
