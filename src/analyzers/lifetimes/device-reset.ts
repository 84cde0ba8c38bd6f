import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const deviceResetTable: Table = {
  name: 'device_reset',
  doc: 'A reset of a GPU that an event or a probed function tells of; log lines are in log_record.',
  columns: [
    text('driver', 'Driver.'),
    text('cause', 'What the driver gives as the cause, or the function or event that tells of it.'),
    integer('sequence', 'Number of the reset, where the driver counts them.'),
    ...span('begun', 'over'),
  ],
};

/** Resets: what a device does wrong right after one is their consequence. */
export const deviceReset: Lifetime = {
  kind: 'device-reset',
  tables: [deviceResetTable],
  track: (context) => new DeviceResetTracker(context),
};

/** Events of one reset: functions that call each other, an event per register. */
const SAME_RESET_NS = 2e9;

interface OpenReset {
  readonly id: number;
  readonly driver: string;
  readonly cause: string | undefined;
  readonly sequence: number | undefined;
  readonly begun: Mark;
}

class DeviceResetTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'device.reset_start': (start) => this.#start(start),
    'device.reset_end': (end) => {
      const over = this.#open.get(familyOf(end.driver));
      if (over) this.#close(over, markOf(end));
    },
  };
  readonly #context: LifetimeContext;
  /** By family of drivers. */
  readonly #open = new Map<string, OpenReset>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of [...this.#open.values()]) this.#close(open, undefined);
  }

  #start(start: OccurrenceOf<'device.reset_start'>): void {
    const family = familyOf(start.driver);
    const before = this.#open.get(family);
    if (before && start.ts - before.begun.ts <= SAME_RESET_NS) return;
    if (before) this.#close(before, undefined);
    this.#open.set(family, {
      id: this.#context.nextId(deviceResetTable),
      driver: family,
      cause: start.cause,
      sequence: start.sequence,
      begun: markOf(start),
    });
  }

  #close(over: OpenReset, end: Mark | undefined): void {
    this.#open.delete(over.driver);
    this.#context.emit(deviceResetTable, {
      id: over.id,
      driver: over.driver,
      cause: over.cause ?? null,
      sequence: over.sequence ?? null,
      ...lived(this.#context, over.begun, end),
    });
  }
}

/** amdkfd is part of amdgpu, and tells of the same resets. */
function familyOf(driver: string): string {
  return driver === 'amdkfd' ? 'amdgpu' : driver;
}
