import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';

export const deviceTable: Table = {
  name: 'device',
  doc: 'A DRM device (struct drm_device), as probes on the DRM core show it.',
  columns: [
    integer('pointer', 'struct drm_device.'),
    integer('generation', 'How many earlier devices of the capture had this pointer.'),
    integer('parent', 'struct device below it, where a probe showed it.'),
    text('driver', 'Module that unplugged it.'),
    integer('first_ts', 'First sight of it, relative ns.'),
    integer('first_event', 'That event.'),
    integer('unplug_tid', 'Thread that called drm_dev_unplug.'),
    integer('unplug_process_id', 'process.id of that thread.'),
    integer('unplugged_ts', 'drm_dev_unplug returned: nobody is inside the driver, relative ns.'),
    integer('unplugged_event', 'That event.'),
    integer('refused', 'Times drm_dev_enter said that it is gone.'),
    ...span('drm_dev_register', 'drm_dev_unplug was called'),
  ],
  indexes: [],
};

export const deviceUseTable: Table = {
  name: 'device_use',
  doc: 'A use of a device that began after its drm_dev_unplug did.',
  columns: [
    integer('device_id', 'device.id used.'),
    text('what', "'ioctl', or 'enter' for a drm_dev_enter outside any ioctl."),
    integer('command', 'Of an ioctl: its number.'),
    integer('ret', 'Return value: negative errno of an ioctl, 0 = refused of drm_dev_enter.'),
    integer('tid', 'Thread that used it.'),
    integer('process_id', 'process.id of that thread.'),
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
    integer('device_id', 'device.id, where a probe showed the pointer.'),
    text('driver', 'Driver, where the function or the module is its own.'),
    text('name', 'Name of struct device, for example its PCI address.'),
    integer('ret', 'Return value where a probe showed it.'),
    integer('tid', 'Thread it ran in.'),
    integer('process_id', 'process.id of that thread.'),
    ...span('entry', 'return'),
  ],
  indexes: [['what']],
};
