import type { Fields } from '../parsers/parser.ts';
import { small, word } from './arguments.ts';
import type { Word } from './occurrence.ts';
import { type Subsystem, sparseRule } from './subsystem.ts';

/**
 * drivers/gpu/drm/virtio/virtgpu_trace.h: commands to the host and its answers. One with a fence is a
 * job: the answer signals it. fence_id is the dma_fence's seqno, of one context per ring.
 */
export const virtioGpu: Subsystem = {
  name: 'virtio-gpu',
  events: {
    'virtio_gpu:virtio_gpu_cmd_queue': sparseRule('job.run', (fields, moment) => {
      const id = fenceId(fields);
      if (id === undefined) return undefined;
      return {
        kind: 'job.run',
        ring: queue(fields),
        dev: undefined,
        id,
        entity: undefined,
        fence: undefined,
        context: undefined,
        seqno: undefined,
        source: 'virtio_gpu',
        ...moment,
      };
    }),
    'virtio_gpu:virtio_gpu_cmd_response': sparseRule('job.done', (fields, moment) => {
      const id = fenceId(fields);
      if (id === undefined) return undefined;
      return {
        kind: 'job.done',
        fence: undefined,
        context: undefined,
        seqno: undefined,
        ring: queue(fields),
        id,
        ...moment,
      };
    }),
  },
};

function fenceId(fields: Fields): Word | undefined {
  const id = word(fields.fence_id);
  return id === undefined || Number(id) === 0 ? undefined : id;
}

function queue(fields: Fields): string {
  return `vdev${small(fields.dev ?? fields.vdev) ?? '?'} vq${small(fields.vq) ?? '?'}`;
}
