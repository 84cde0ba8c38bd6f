import type { Fields } from '../parsers/parser.ts';
import { argument, returnValue, signedInt, string, word } from './arguments.ts';
import type { DeviceCall } from './drm-occurrence.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { kept, type ProbeRule, type Recorded, rule, type Subsystem } from './subsystem.ts';

/**
 * drivers/gpu/drm/drm_trace.h: the clock of frames, by which consumers of fences go. The life of a
 * device has no tracepoints: drm_drv.c, drm_ioctl.c, drm_file.c and the drivers' own entry points.
 */
export const drm: Subsystem = {
  name: 'drm',
  events: {
    'drm:drm_vblank_event': kept,
    'drm:drm_vblank_event_queued': kept,
    'drm:drm_vblank_event_delivered': kept,
    // the last sign of a device behind an IOMMU; since 5.x also of one without
    'iommu:remove_device_from_group': rule('device.gone', (fields, moment) => ({
      kind: 'device.gone',
      name: string(fields.device) ?? '',
      ...moment,
    })),
    'iommu:add_device_to_group': kept,
    // drivers/pci/hotplug (6.18): names the port, not the device below it
    'pci:pci_hp_event': kept,
    'pci:pcie_link_event': kept,
    'module:module_load': kept,
    'module:module_free': rule('module.free', (fields, moment) => ({
      kind: 'module.free',
      name: string(fields.name) ?? '',
      ...moment,
    })),
  },
  probes: {
    drm_dev_register: device('drm_dev_register', 'device.register'),
    drm_dev_unregister: device('drm_dev_unregister', 'device.unregister'),
    drm_dev_unplug: device('drm_dev_unplug', 'device.unplug'),
    drm_dev_enter: device('drm_dev_enter', 'device.enter'),
    drm_ioctl: device('drm_ioctl', 'device.ioctl', ['file', 'cmd', 'arg']),
    drm_release: device('drm_release', 'device.close', ['inode', 'file']),
    ...drivers('device.remove', {
      amdgpu: ['amdgpu_pci_remove'],
      i915: ['i915_pci_remove'],
      nouveau: ['nouveau_drm_remove'],
      virtio_gpu: ['virtio_gpu_remove'],
      xe: ['xe_pci_remove'],
    }),
    ...drivers('device.suspend', {
      amdgpu: ['amdgpu_device_suspend'],
      i915: ['i915_drm_suspend'],
      nouveau: ['nouveau_pmops_suspend'],
      xe: ['xe_pm_suspend'],
    }),
    ...drivers('device.resume', {
      amdgpu: ['amdgpu_device_resume'],
      i915: ['i915_drm_resume'],
      nouveau: ['nouveau_pmops_resume'],
      xe: ['xe_pm_resume'],
    }),
  },
  eventNames: {
    unplug: 'drm_dev_unplug',
    enter: 'drm_dev_enter',
  },
};

function drivers(
  kind: DeviceCall,
  functions: Readonly<Record<string, readonly string[]>>,
): Record<string, ProbeRule> {
  return Object.fromEntries(
    Object.entries(functions).flatMap(([driver, names]) =>
      names.map((name) => [name, device(name, kind, [], driver)]),
    ),
  );
}

function device(
  name: string,
  kind: DeviceCall,
  parameters: readonly string[] = ['dev'],
  driver?: string,
): ProbeRule {
  const returned = `${kind}_return` as const;
  return {
    parameters,
    enter: rule(kind, (fields, moment) => ({
      kind,
      function: name,
      dev: argument(fields, 'device'),
      parent: word(fields.pdev),
      file: argument(fields, 'file'),
      command: word(fields.cmd),
      driver,
      ...moment,
    })),
    return: rule(returned, (fields, moment, recorded) =>
      returnOf(returned, name, fields, moment, recorded),
    ),
  };
}

function returnOf(
  kind: `${DeviceCall}_return`,
  name: string,
  fields: Fields,
  moment: Moment,
  { symbol }: Recorded,
): Occurrence {
  const address = fields.__probe_ret_ip;
  const caller = typeof address === 'string' ? moduleOf(address) : symbol(word(address))?.module;
  return { kind, function: name, ret: signedInt(returnValue(fields)), caller, ...moment };
}

/** `virtio_gpu_remove+0x19/0x40 [virtio_gpu]`, as the kernel prints an address. */
function moduleOf(text: string): string | undefined {
  return /\[([^\]\s]+)\]/.exec(text)?.[1];
}
