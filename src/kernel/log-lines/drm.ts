/** The parts of DRM all drivers share, the bus under them, and SVA. */
import type { LogSource } from './shape.ts';

export const drm: LogSource = {
  name: 'drm',
  concerns: ({ body }) =>
    /fences timed out|flip_done timed out|device wedged|Slot\(|SVA bind/.test(body),
  heads: [
    { class: 'fence-timeout', line: /^Waiting for fences timed out!/ },
    { class: 'flip-timeout', line: /flip_done timed out/ },
    // drm_dev_wedged_event, 6.15 and later
    { class: 'device-wedged', line: /^device wedged, (?<meaning>.{1,80})$/ },
    {
      class: 'unplug',
      line: /^(?:pciehp: )?Slot\([^)]*\): (?<meaning>Link Down|Card not present)/,
    },
    { class: 'sva-bind-failed', line: /^(?:\w+: )?SVA bind device failed, ret (?<errno>-?\d+)/ },
  ],
};
