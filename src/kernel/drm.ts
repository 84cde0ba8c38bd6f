import { kept, type Subsystem } from './subsystem.ts';

/** drivers/gpu/drm/drm_trace.h: the clock of frames, by which consumers of fences go. */
export const drm: Subsystem = {
  name: 'drm',
  events: {
    'drm:drm_vblank_event': kept,
    'drm:drm_vblank_event_queued': kept,
    'drm:drm_vblank_event_delivered': kept,
  },
};
