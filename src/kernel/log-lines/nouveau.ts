/** drivers/gpu/drm/nouveau: nvkm/engine/fifo, nouveau_svm.c, nvkm/subdev/gsp. */
import type { LogSource } from './shape.ts';

const WHERE =
  'at (?<address>(?:0x)?[\\da-f]+) engine [\\da-f]+ \\[(?<engine>[^\\]]*)\\] client [\\da-f]+ \\[(?<client>[^\\]]*)\\] reason (?<reasonHex>[\\da-f]+) \\[(?<meaning>[^\\]]*)\\] on channel (?<queue>-?\\d+)(?: \\[[\\da-f]+ (?<comm>.{0,64}?)(?:\\[(?<pid>\\d+)\\])?\\])?$';

export const nouveau: LogSource = {
  name: 'nouveau',
  concerns: ({ driver }) => driver === 'nouveau',
  heads: [
    {
      class: 'gpu-page-fault',
      line: new RegExp(`^fifo: fault [\\da-f]+ \\[(?<access>\\w*)\\] ${WHERE}`, 'i'),
    },
    {
      class: 'gpu-page-fault',
      line: new RegExp(`^fifo: (?<access>read|write) fault ${WHERE}`, 'i'),
    },
    { class: 'gpu-page-fault', line: /^svm-\w+: addr (?<address>(?:0x)?[\da-f]+)/ },
    { class: 'gpu-page-fault', line: /^gsp: mmu fault queued/, body: 'optional' },
    { class: 'gpu-error', line: /^fifo: SCHED_ERROR (?<reasonHex>[\da-f]+) \[(?<meaning>\w*)\]/ },
    { class: 'channel-killed', line: /^fifo: channel (?<queue>\d+): killed/ },
    {
      class: 'channel-killed',
      line: /^(?:fifo: )?(?<comm>.{1,64}?)\[(?<pid>\d+)\]: channel (?<queue>\d+) killed!/,
    },
    {
      class: 'channel-killed',
      line: /^fifo:[\da-f]+:(?<queueHex>[\da-f]+):\[(?<comm>.{1,64}?)\[(?<pid>\d+)\]\] errored - disabling channel/,
    },
  ],
  parts: [
    {
      of: ['gpu-page-fault'],
      line: /^gsp: rc engn:(?<engine>\w+) chid:(?<queue>\d+) .{0,60}?type:(?<reason>\d+)/,
      last: ['gpu-page-fault', 'gpu-error'],
      leads: 'gpu-error',
    },
  ],
};
