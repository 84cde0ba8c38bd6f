import type { Table } from '../../store/table.ts';
import {
  address,
  counter,
  errno,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
} from './columns.ts';

export const deviceTable: Table = {
  name: 'device',
  doc: 'A DRM device (struct drm_device), as probes on the DRM core show it.',
  label: "coalesce(driver, format('0x%x', pointer))",
  durations: [
    {
      name: 'unplug',
      from: 'end_ts',
      to: 'unplugged_ts',
      doc: 'drm_dev_unplug, until nobody is inside the driver.',
    },
  ],
  columns: [
    address('pointer', 'struct drm_device.'),
    integer('generation', 'How many earlier devices of the capture had this pointer.'),
    address('parent', 'struct device below it, where a probe showed it.'),
    text('driver', 'Module that unplugged it.'),
    moment('first_ts', 'First sight of it, relative ns.'),
    ordinal('first_event', 'That event.'),
    thread('unplug_tid', 'Thread that called drm_dev_unplug.'),
    reference('unplug_process_id', 'process', 'process.id of that thread.'),
    moment('unplugged_ts', 'drm_dev_unplug returned: nobody is inside the driver, relative ns.'),
    ordinal('unplugged_event', 'That event.'),
    counter('refused', 'Times drm_dev_enter said that it is gone.'),
    ...span('drm_dev_register', 'drm_dev_unplug was called'),
  ],
  indexes: [],
};

export const deviceUseTable: Table = {
  name: 'device_use',
  doc: 'A use of a device that began after its drm_dev_unplug did.',
  columns: [
    reference('device_id', 'device', 'device.id used.'),
    text('what', "'ioctl', or 'enter' for a drm_dev_enter outside any ioctl."),
    integer('command', 'Of an ioctl: its number.'),
    errno('ret', 'Return value: negative errno of an ioctl, 0 = refused of drm_dev_enter.'),
    thread('tid', 'Thread that used it.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    ...span('entry', 'return'),
  ],
  indexes: [['device_id']],
};

export const deviceEventTable: Table = {
  name: 'device_event',
  doc: 'What happened to a device as a whole: register, unplug, remove, suspend, resume, module unload.',
  columns: [
    text(
      'what',
      "'register', 'unregister', 'unplug', 'remove', 'suspend', 'resume', 'runtime suspend', 'runtime resume', 'gone', 'module freed'.",
    ),
    reference('device_id', 'device', 'device.id, where a probe showed the pointer.'),
    text('driver', 'Driver, where the function or the module is its own.'),
    text('name', 'Name of struct device, for example its PCI address.'),
    errno('ret', 'Return value where a probe showed it.'),
    thread('tid', 'Thread it ran in.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    ...span('entry', 'return'),
  ],
  indexes: [['what']],
};
