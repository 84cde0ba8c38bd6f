/** What detectors of devices and shared buffers need; the DRM core has no tracepoints for either's life. */
import type { Need } from '../../detector.ts';

export const unplugs: Need = {
  oneOf: ['device.unplug', 'device.gone'],
  enable: [
    'p:svm/drm_dev_unplug drm:drm_dev_unplug dev=$arg1:x64 pdev=+8($arg1):x64',
    'r16:svm/drm_dev_unplug_ret drm:drm_dev_unplug',
    'iommu:remove_device_from_group',
  ],
};

export const deviceUses: Need = {
  oneOf: ['device.enter_return', 'device.ioctl_return', 'job.run'],
  enable: [
    'p:svm/drm_dev_enter drm:drm_dev_enter dev=$arg1:x64',
    'r256:svm/drm_dev_enter_ret drm:drm_dev_enter ret=$retval:u8',
    'p:svm/drm_ioctl drm:drm_ioctl filp=$arg1:x64 cmd=$arg2:x32',
    'r256:svm/drm_ioctl_ret drm:drm_ioctl ret=$retval:s64',
  ],
};

export const bufferBirths: Need = {
  oneOf: ['dmabuf.export', 'dmabuf.export_return'],
  enable: [
    'p:svm/dmabuf_export dma_buf_export',
    'r64:svm/dmabuf_export_ret dma_buf_export dmabuf=$retval:x64',
    'dma_buf:dma_buf_export',
  ],
};

export const bufferUses: Need = {
  oneOf: ['dmabuf.attach', 'dmabuf.access', 'dmabuf.map'],
  enable: [
    'p:svm/dmabuf_attach dma_buf_dynamic_attach dmabuf=$arg1:x64 dev=$arg2:x64',
    'p:svm/dmabuf_detach dma_buf_detach dmabuf=$arg1:x64 attach=$arg2:x64',
    'p:svm/dmabuf_cpu_access dma_buf_begin_cpu_access dmabuf=$arg1:x64',
    'r64:svm/dmabuf_cpu_access_ret dma_buf_begin_cpu_access ret=$retval:s32',
  ],
};

/** struct dma_buf_attachment has dmabuf, dev and peer2peer at 0, 8 and 44 in 6.1 and 6.12. */
export const bufferMaps: Need = {
  oneOf: ['dmabuf.map_return', 'dmabuf.pin_return'],
  enable: [
    'p:svm/dbmap dma_buf_map_attachment att=$arg1:x64 dmabuf=+0($arg1):x64 dev=+8($arg1):x64 p2p=+44($arg1):u8',
    'r64:svm/dbmap_ret dma_buf_map_attachment ret=$retval:x64',
    'p:svm/dbunmap dma_buf_unmap_attachment att=$arg1:x64 dmabuf=+0($arg1):x64',
    'p:svm/dbpin dma_buf_pin att=$arg1:x64 dmabuf=+0($arg1):x64',
    'r64:svm/dbpin_ret dma_buf_pin ret=$retval:s32',
    'p:svm/dbmove dma_buf_move_notify dmabuf=$arg1:x64',
  ],
};

export const driverRemovals: Need = {
  oneOf: ['device.unplug', 'device.remove', 'device.gone', 'module.free'],
  enable: [
    ...unplugs.enable,
    'p:svm/drv_remove <driver>:<driver>_pci_remove',
    'module:module_free',
  ],
};
