import type { Boot } from './boots.ts';
import type { LogRecord } from './log-record.ts';

/**
 * µs of a record since the first of its boot; NaN when it does not tell. The kernel's time counts
 * where the boot has it: loggers write down when they got round to a line.
 */
export function timeInBoot(
  { kernel, wall }: { readonly kernel: number; readonly wall: number },
  boot: Boot,
): number {
  return boot.hasKernelTime ? kernel - boot.kernelFirst : wall - boot.wallFirst;
}

/** Gives each record its time, those without one of their own that of the record before. */
export class LogTime {
  readonly #boots: readonly Boot[];
  /** By boot. */
  readonly #last: (number | undefined)[] = [];

  constructor(boots: readonly Boot[]) {
    this.#boots = boots;
  }

  /** µs since the first record of the capture. */
  of(record: LogRecord, index: number): number {
    const boot = this.#boots[index] as Boot;
    const time = timeInBoot(record, boot);
    if (Number.isNaN(time)) return boot.start + (this.#last[index] ?? 0);
    this.#last[index] = time;
    return boot.start + time;
  }
}
