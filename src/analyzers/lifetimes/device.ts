import type { DeviceCall } from '../../kernel/drm-occurrence.ts';
import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { CallStacks } from './call-stack.ts';
import { deviceEventTable, deviceTable, deviceUseTable } from './device-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveDevice, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

/** DRM devices: what is done to them as a whole, and who uses them after they are gone. */
export const device: Lifetime = {
  kind: 'device',
  tables: [deviceTable, deviceUseTable, deviceEventTable],
  track: (context) => new DeviceTracker(context),
};

/** Uses of one unplugged device that get a row each. */
const USES_MOST = 4096;
/** Files remembered with the device their ioctls reach. */
const FILES_MOST = 65536;

type Call = OccurrenceOf<DeviceCall>;
type Return = OccurrenceOf<`${DeviceCall}_return`>;

interface Frame {
  readonly function: string;
  readonly kind: DeviceCall;
  readonly start: Mark;
  readonly file: Word | undefined;
  readonly command: Word | undefined;
  readonly driver: string | undefined;
  device: LiveDevice | undefined;
}

/** Calls that change the state of a device. */
const EVENTS: Readonly<Partial<Record<DeviceCall, string>>> = {
  'device.register': 'register',
  'device.unregister': 'unregister',
  'device.unplug': 'unplug',
  'device.remove': 'remove',
  'device.suspend': 'suspend',
  'device.resume': 'resume',
};

class DeviceTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'device.register': (call) => this.#enter(call),
    'device.register_return': (call) => this.#leave(call),
    'device.unregister': (call) => this.#enter(call),
    'device.unregister_return': (call) => this.#leave(call),
    'device.unplug': (call) => this.#enter(call),
    'device.unplug_return': (call) => this.#leave(call),
    'device.remove': (call) => this.#enter(call),
    'device.remove_return': (call) => this.#leave(call),
    'device.suspend': (call) => this.#enter(call),
    'device.suspend_return': (call) => this.#leave(call),
    'device.resume': (call) => this.#enter(call),
    'device.resume_return': (call) => this.#leave(call),
    'device.enter': (call) => this.#enter(call),
    'device.enter_return': (call) => this.#leave(call),
    'device.ioctl': (call) => this.#enter(call),
    'device.ioctl_return': (call) => this.#leave(call),
    'device.close': (close) => {
      if (close.file !== undefined) this.#files.delete(close.file);
    },
    'device.gone': (gone) => this.#happened(gone, 'gone', { name: gone.name }),
    'device.power': (power) =>
      this.#happened(power, power.what, {
        driver: power.driver,
        ...(power.name === undefined ? {} : { name: power.name }),
      }),
    'module.free': (free) => this.#happened(free, 'module freed', { driver: free.name }),
    'task.exit': (exit) => {
      this.#stacks.clear(exit.tid);
      this.#context.live.devicesInUse.delete(exit.tid);
    },
  };
  readonly #context: LifetimeContext;
  readonly #stacks = new CallStacks<Frame>();
  /** By struct file: the device its ioctls reach, learnt from the drm_dev_enter inside them. */
  readonly #files = new Map<Word, LiveDevice>();
  readonly #generations = new Map<Word, number>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const frame of this.#stacks.all()) this.#event(frame, undefined, undefined, undefined);
    for (const live of this.#context.live.devices.values()) this.#emit(live);
  }

  #enter(call: Call): void {
    const frame: Frame = {
      function: call.function,
      kind: call.kind,
      start: markOf(call),
      file: call.file,
      command: call.command,
      driver: call.driver,
      device: this.#device(call),
    };
    this.#stacks.push(call.tid, frame);
    if (call.kind === 'device.enter') this.#entered(call.tid, frame);
    if (call.kind === 'device.register' && frame.device) frame.device.registered ??= markOf(call);
    if (call.kind === 'device.unplug' && frame.device) {
      frame.device.unplug ??= { tid: call.tid, ...markOf(call) };
    }
  }

  /** The drm_dev_enter inside an ioctl says which device the file is of. */
  #entered(tid: number, frame: Frame): void {
    const { device: entered } = frame;
    const ioctl = this.#stacks.of(tid).findLast(({ kind }) => kind === 'device.ioctl');
    if (!ioctl || !entered) return;
    ioctl.device ??= entered;
    this.#context.live.devicesInUse.set(tid, entered);
    if (ioctl.file === undefined) return;
    if (this.#files.size >= FILES_MOST) this.#files.clear();
    this.#files.set(ioctl.file, entered);
  }

  #leave(call: Return): void {
    const frame = this.#stacks.pop(call.tid, call.function);
    if (!frame) return;
    if (frame.kind === 'device.ioctl') this.#context.live.devicesInUse.delete(call.tid);
    if (frame.kind === 'device.unplug' && frame.device) {
      frame.device.unplugged ??= markOf(call);
      frame.device.driver ??= call.caller;
    }
    if (frame.kind === 'device.enter' || frame.kind === 'device.ioctl') this.#used(frame, call);
    else this.#event(frame, call, call.tid, call.ret);
  }

  #used(frame: Frame, call: Return): void {
    const { device: used, kind } = frame;
    if (!used?.unplug || call.ret === undefined) return;
    const isEnter = kind === 'device.enter';
    if (isEnter && call.ret === 0) used.refused += 1;
    if (frame.start.event < used.unplug.event) return;
    // one inside an ioctl is part of it
    if (isEnter && this.#stacks.of(call.tid).some((outer) => outer.kind === 'device.ioctl')) return;
    used.uses += 1;
    if (used.uses > USES_MOST) return;
    this.#context.emit(deviceUseTable, {
      id: this.#context.nextId(deviceUseTable),
      device_id: used.id,
      what: isEnter ? 'enter' : 'ioctl',
      command: frame.command ?? null,
      ret: call.ret,
      tid: call.tid,
      process_id: this.#context.live.processOf(call.tid)?.id ?? null,
      ...lived(this.#context, frame.start, call),
    });
  }

  #device(call: Call): LiveDevice | undefined {
    if (call.dev === undefined) return this.#files.get(call.file ?? 0);
    const { devices } = this.#context.live;
    const known = devices.get(call.dev);
    if (known && !(call.kind === 'device.register' && known.unplug)) {
      known.parent ??= call.parent;
      return known;
    }
    // the memory of one that is gone is a new device's
    if (known) this.#emit(known);
    const generation = this.#generations.get(call.dev) ?? 0;
    this.#generations.set(call.dev, generation + 1);
    const created: LiveDevice = {
      id: this.#context.nextId(deviceTable),
      pointer: call.dev,
      generation,
      parent: call.parent,
      driver: undefined,
      first: markOf(call),
      registered: undefined,
      unplug: undefined,
      unplugged: undefined,
      refused: 0,
      uses: 0,
    };
    devices.set(call.dev, created);
    return created;
  }

  #event(
    frame: Frame,
    end: Mark | undefined,
    tid: number | undefined,
    ret: number | undefined,
  ): void {
    const what = EVENTS[frame.kind];
    if (what === undefined) return;
    this.#context.emit(deviceEventTable, {
      id: this.#context.nextId(deviceEventTable),
      what,
      device_id: frame.device?.id ?? null,
      driver: frame.driver ?? frame.device?.driver ?? null,
      name: null,
      ret: ret ?? null,
      tid: tid ?? null,
      process_id: tid === undefined ? null : (this.#context.live.processOf(tid)?.id ?? null),
      ...lived(this.#context, frame.start, end),
    });
  }

  /** An event without an end of its own. */
  #happened(moment: Moment, what: string, of: { name?: string; driver?: string }): void {
    const mark = markOf(moment);
    this.#context.emit(deviceEventTable, {
      id: this.#context.nextId(deviceEventTable),
      what,
      device_id: null,
      driver: of.driver ?? null,
      name: of.name ?? null,
      ret: null,
      tid: moment.tid,
      process_id: this.#context.live.processOf(moment.tid)?.id ?? null,
      ...lived(this.#context, mark, mark),
    });
  }

  #emit(live: LiveDevice): void {
    const { unplug } = live;
    this.#context.emit(deviceTable, {
      id: live.id,
      pointer: live.pointer ?? null,
      generation: live.generation,
      parent: live.parent ?? null,
      driver: live.driver ?? null,
      first_ts: live.first.ts,
      first_event: live.first.event,
      unplug_tid: unplug?.tid ?? null,
      unplug_process_id: unplug ? (this.#context.live.processOf(unplug.tid)?.id ?? null) : null,
      unplugged_ts: live.unplugged?.ts ?? null,
      unplugged_event: live.unplugged?.event ?? null,
      refused: live.refused,
      ...lived(this.#context, live.registered, unplug),
    });
  }
}
