/**
 * The SMI events of amdkfd, the driver of AMD's GPUs for computing: read from the file that
 * AMDKFD_IOC_SMI_EVENTS gives, or as `rocm-smi --showevents` prints them.
 */
import type { Parser } from '../parser.ts';
import { headLines } from '../text/head-lines.ts';
import { openKfdSmi } from './smi-capture.ts';
import { readLine } from './smi-line.ts';

export const kfdSmiText: Parser = {
  meta: { id: 'kfd-smi-text', title: 'KFD SMI events (text)' },
  sniff(head) {
    const lines = headLines(head);
    // the last one may be cut
    const whole = lines.length > 1 && head.at(-1) !== 10 ? lines.slice(0, -1) : lines;
    const kinds = whole.map(({ text }) => readLine(text));
    const events = kinds.filter((kind) => kind !== undefined && kind !== 'heading');
    // a line without a time is short enough to be anything
    const isSure = events.some(({ payload, printedAt }) => (payload.ns ?? printedAt) !== undefined);
    return isSure || (events.length > 0 && !kinds.includes(undefined));
  },
  partwise: () => true,
  open: openKfdSmi,
};
