import type { Capture, CaptureHeader, EventBatch, EventType } from '../parser.ts';

/** `CaptureHeader.format` of a log. */
export const KERNEL_LOG = 'kernel log';
/** A clock on the wall that is not known to be CLOCK_REALTIME: its zone or its year is not told. */
export const WALL_CLOCK = 'wall clock';

const SECOND_DIGITS = 5;

/** Records as dmesg prints them, or journalctl -o short-unix where only the wall clock is known. */
export class KernelLogLines {
  readonly #capture: Capture;
  readonly #time: (ts: number) => string;
  readonly #callerGap: string;
  #buffer: number | undefined;

  constructor(capture: Capture) {
    this.#capture = capture;
    this.#time = timeOf(capture.header);
    this.#callerGap = isWallClock(capture.header) ? ' ' : '';
  }

  head(): string {
    return '';
  }

  begin(): void {}

  add(batch: EventBatch, i: number): string {
    const { header } = this.#capture;
    const type = header.eventTypes[batch.type[i] as number] as EventType;
    const fields = batch.fields(i);
    const { level, caller } = fields;
    const shownLevel = level === undefined ? '' : `<${String(level)}>`;
    const shownCaller =
      caller === undefined ? '' : `${this.#callerGap}[${String(caller).padStart(6)}]`;
    const time = this.#time(batch.ts[i] as number);
    const gap = time === '' && shownCaller === '' ? '' : ' ';
    const text = this.#capture.print(type, fields);
    return `${this.#boot(batch.buffer[i] as number)}${shownLevel}${time}${shownCaller}${gap}${text}\n`;
  }

  end(): string {
    return '';
  }

  /** As journalctl, where another boot begins. */
  #boot(buffer: number): string {
    if (buffer === this.#buffer) return '';
    const isFirst = this.#buffer === undefined;
    this.#buffer = buffer;
    const name = this.#capture.header.buffers[buffer]?.name ?? '';
    if (/^[0-9a-f]{32}$/.test(name)) return `-- Boot ${name} --\n`;
    return isFirst ? '' : '-- Reboot --\n';
  }
}

function isWallClock({ clock }: CaptureHeader): boolean {
  return clock.name === 'realtime' || clock.name === WALL_CLOCK;
}

function timeOf(header: CaptureHeader): (ts: number) => string {
  const { clock } = header;
  if (clock.unit === 'ticks') return () => '';
  const base = Number(clock.base / 1000n);
  const isWall = isWallClock(header);
  return (ts) => {
    const us = base + Math.round(ts / 1000);
    const seconds = String(Math.floor(us / 1_000_000));
    const fraction = String(us % 1_000_000).padStart(6, '0');
    if (isWall) return `${seconds}.${fraction} kernel:`;
    return `[${seconds.padStart(SECOND_DIGITS)}.${fraction}]`;
  };
}
