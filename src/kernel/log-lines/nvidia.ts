/** The NVIDIA kernel modules: Xid messages (docs.nvidia.com/deploy/xid-errors), one line each. */
import type { LogClass, LogParts } from './log-record.ts';
import type { HeadShape, LogSource } from './shape.ts';

/*
 *  NVRM: Xid (PCI:0000:65:00): 31, pid=4711, name=train, Ch 00000010, intr 00000000. MMU Fault: ENGINE …
 */
const PREFIX = '^NVRM: Xid \\(PCI:(?<pci>[\\da-f:.]+)\\): ';
const WHO =
  "(?:, pid=(?:(?<pid>\\d+)|'?<unknown>'?))?(?:, name=(?<comm>.{0,64}?))?(?:, Ch(?:annel)? (?<queueHex>[\\da-f]+))?(?=,|$)";

export const nvidia: LogSource = {
  name: 'nvidia',
  concerns: ({ body }) => body.startsWith('NVRM: '),
  heads: [
    {
      class: 'gpu-page-fault',
      line: new RegExp(
        `${PREFIX}(?<reason>31)${WHO}.{0,80}?MMU Fault: ENGINE (?<engine>\\w+) (?<client>\\w+) faulted @ (?<address>0x[\\da-f_]+)\\. Fault is of type (?<meaning>\\w+) (?<access>\\w+)`,
        'i',
      ),
      refine: located,
    },
    xid('gpu-page-fault', '31'),
    {
      ...xid('channel-killed', '45'),
      adds: { hint: 'channels are killed after their process is gone' },
    },
    { ...xid('unplug', '79'), adds: { meaning: 'fallen off the bus' } },
    xid('job-timeout', '8|109'),
    xid('firmware-timeout', '119|120'),
    xid('gpu-error', '\\d+'),
    {
      class: 'unplug',
      line: /^NVRM: GPU (?:at )?(?:PCI:)?(?<pci>[\da-f:.]+): GPU has (?<meaning>fallen off the bus)/i,
      refine: located,
    },
  ],
};

function xid(name: LogClass, numbers: string): HeadShape {
  const line = new RegExp(`${PREFIX}(?<reason>${numbers})${WHO}(?:,? *(?<meaning>.{0,160}))`, 'i');
  return { class: name, line, refine: located };
}

/** `PCI:0000:65:00` has no function: the GPU is function 0. */
function located(parts: LogParts, groups: Readonly<Record<string, string | undefined>>): void {
  const pci = groups.pci?.toLowerCase();
  if (pci !== undefined) parts.device = pci.includes('.') ? pci : `${pci}.0`;
}
