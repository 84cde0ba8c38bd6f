/** What happens to devices as a whole, and to the buffers they share (drm core, dma-buf core). */
import type { Word } from './occurrence.ts';

/** A call on a device: entry, and with `_return` its end. */
export type DeviceCall =
  | 'device.register'
  | 'device.unregister'
  /** drm_dev_unplug(): `unplugged` is set at once, then the sections inside drm_dev_enter are waited for. */
  | 'device.unplug'
  /** The driver's remove callback: unbound in sysfs, hot-unplugged, or the module is unloaded. */
  | 'device.remove'
  | 'device.suspend'
  | 'device.resume'
  /** drm_dev_enter(): a driver asks whether its device is still there. */
  | 'device.enter'
  | 'device.ioctl'
  | 'device.close';

export type BufferCall =
  | 'dmabuf.export'
  | 'dmabuf.attach'
  | 'dmabuf.detach'
  | 'dmabuf.map'
  | 'dmabuf.unmap'
  | 'dmabuf.pin'
  | 'dmabuf.unpin'
  /** The exporter asks its importers to unmap (dma_buf_move_notify, since 7.1 dma_buf_invalidate_mappings). */
  | 'dmabuf.move'
  /** The CPU reads or writes it: begin_cpu_access, vmap, mmap. */
  | 'dmabuf.access'
  | 'dmabuf.release';

export type DrmOccurrenceData =
  | {
      kind: DeviceCall;
      function: string;
      /** struct drm_device. */
      dev: Word | undefined;
      /** struct device below it, which dma-buf attachments name. */
      parent: Word | undefined;
      file: Word | undefined;
      command: Word | undefined;
      /** Where the function is a driver's own. */
      driver: string | undefined;
    }
  | {
      kind: `${DeviceCall}_return`;
      function: string;
      ret: number | undefined;
      /** Module that called it, where the symbol table knows the return address. */
      caller: string | undefined;
    }
  /** A device is gone as its bus or IOMMU sees it; `name` is that of struct device. */
  | { kind: 'device.gone'; name: string }
  /** A driver tells that its device goes to sleep or wakes; at run time it may keep its memory. */
  | {
      kind: 'device.power';
      what: 'suspend' | 'resume' | 'runtime suspend' | 'runtime resume';
      driver: string;
      name: string | undefined;
    }
  | { kind: 'module.free'; name: string }
  | {
      kind: BufferCall;
      function: string;
      /** struct dma_buf, where a probe shows it. */
      buffer: Word | undefined;
      /** Its inode number, by which tracepoints name it (7.1 and later). */
      inode: Word | undefined;
      attachment: Word | undefined;
      /** struct device of the importer, or its name. */
      device: Word | undefined;
      deviceName: string | undefined;
      exporter: string | undefined;
      size: Word | undefined;
      isDynamic: boolean | undefined;
      peer2peer: boolean | undefined;
    }
  | {
      kind: `${BufferCall}_return`;
      function: string;
      /** A negative errno, also where a pointer is returned; 0 = it worked. */
      ret: number | undefined;
      /** The pointer returned. */
      pointer: Word | undefined;
    };
