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
