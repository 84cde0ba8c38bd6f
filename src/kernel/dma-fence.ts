import type { Fields } from '../parsers/parser.ts';
import { argument, returnValue, signedInt, signedLong, small, string } from './arguments.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import {
  type KernelFacts,
  type ProbeRule,
  type Recorded,
  type Rule,
  rule,
  type Subsystem,
} from './subsystem.ts';

type FenceKind =
  | 'fence.init'
  | 'fence.emit'
  | 'fence.enable_signal'
  | 'fence.signaled'
  | 'fence.destroy'
  | 'fence.wait_start'
  | 'fence.wait_end';

/** Tracepoints of include/trace/events/dma_fence.h; their context and seqno are 32 bits wide. */
const TRACEPOINTS: Readonly<Record<string, FenceKind>> = {
  init: 'fence.init',
  emit: 'fence.emit',
  enable_signal: 'fence.enable_signal',
  signaled: 'fence.signaled',
  destroy: 'fence.destroy',
  wait_start: 'fence.wait_start',
  wait_end: 'fence.wait_end',
};

/** Where the fields of struct dma_fence differ from any sane error: it is 0 or a negative errno. */
const MAX_ERRNO = 4095;

export const dmaFence: Subsystem = {
  name: 'dma-fence',
  events: {
    ...Object.fromEntries(
      Object.entries(TRACEPOINTS).flatMap(([name, kind]) => [
        [`dma_fence:dma_fence_${name}`, tracepoint(kind)],
        // the system's name from 4.4 to 4.9
        [`fence:fence_${name}`, tracepoint(kind)],
      ]),
    ),
    // declared for drivers to call; `waiting_*` is the fence that is waited for (include/trace/events/fence.h)
    'dma_fence:dma_fence_annotate_wait_on': waitsOn(),
    'fence:fence_annotate_wait_on': waitsOn(),
  },
  probes: {
    // Each calls the next; a capture that probes two of them tells of one signalling twice.
    dma_fence_signal: signalProbe(),
    dma_fence_signal_locked: signalProbe(),
    dma_fence_signal_timestamp: signalProbe(),
    dma_fence_signal_timestamp_locked: signalProbe(),
    dma_fence_check_and_signal: signalProbe(),
    dma_fence_check_and_signal_locked: signalProbe(),
    // A tracepoint probe (`t:`) on dma_fence_signaled: fires once per fence, in the signalling call.
    dma_fence_signaled: signalProbe(),
    // its argument is the reference count inside the fence
    dma_fence_release: { enter: rule('fence.release_call', releaseCall) },
    dma_fence_wait_timeout: waitProbe('dma_fence_wait_timeout'),
    dma_resv_wait_timeout: waitProbe('dma_resv_wait_timeout'),
  },
  eventNames: {
    fence_signal: 'dma_fence_signal_timestamp_locked',
    fsig: 'dma_fence_signal_timestamp_locked',
    fence_sig: 'dma_fence_signal_timestamp_locked',
    fence_sig_arg: 'dma_fence_signaled',
    frel: 'dma_fence_release',
    fwait: 'dma_fence_wait_timeout',
    rwait: 'dma_resv_wait_timeout',
  },
};

function tracepoint(kind: FenceKind): Rule {
  return rule(kind, (fields, moment) => ({
    kind,
    context: small(fields.context) ?? 0,
    seqno: small(fields.seqno) ?? 0,
    driver: string(fields.driver) ?? '',
    timeline: string(fields.timeline) ?? '',
    ...moment,
  }));
}

function waitsOn(): Rule {
  return rule('fence.waits_on', (fields, moment) => ({
    kind: 'fence.waits_on',
    context: small(fields.context) ?? 0,
    seqno: small(fields.seqno) ?? 0,
    onContext: small(fields.waiting_context) ?? 0,
    onSeqno: small(fields.waiting_seqno) ?? 0,
    ...moment,
  }));
}

function signalProbe(): ProbeRule {
  return { parameters: ['fence'], enter: rule('fence.signal_call', signalCall) };
}

function signalCall(fields: Fields, moment: Moment, recorded: Recorded): Occurrence {
  const flags = argument(fields, 'flags');
  return {
    kind: 'fence.signal_call',
    pointer: argument(fields, 'fence'),
    context: argument(fields, 'context'),
    seqno: argument(fields, 'seqno'),
    flags,
    signaled: flags === undefined ? undefined : wasSignaled(flags, recorded.kernel),
    error: errorOf(fields),
    ...moment,
  };
}

function errorOf(fields: Fields): number | undefined {
  const error = signedInt(argument(fields, 'error'));
  return error === undefined || error > 0 || error < -MAX_ERRNO ? undefined : error;
}

function releaseCall(fields: Fields, moment: Moment, recorded: Recorded): Occurrence | undefined {
  const context = argument(fields, 'context');
  const seqno = argument(fields, 'seqno');
  if (context === undefined || seqno === undefined) return undefined;
  const flags = argument(fields, 'flags');
  return {
    kind: 'fence.release_call',
    context,
    seqno,
    signaled: flags === undefined ? undefined : wasSignaled(flags, recorded.kernel),
    error: errorOf(fields),
    ...moment,
  };
}

/**
 * The signalled bit of dma_fence.flags: bit 0 up to 6.18, bit 3 in 7.2, where bit 0 says
 * "initialised" (include/linux/dma-fence.h, enum dma_fence_flag_bits). Undefined where the kernel's
 * release does not decide.
 */
function wasSignaled(flags: Word, kernel: KernelFacts): boolean | undefined {
  const low = Number(BigInt.asUintN(32, BigInt(flags)));
  if ((low & 1) === 0) return false;
  if (!kernel.release) return undefined;
  const [major, minor] = kernel.release;
  if (major < 6 || (major === 6 && minor <= 18)) return true;
  if (major > 7 || (major === 7 && minor >= 2)) return (low & 8) !== 0;
  return undefined;
}

function waitProbe(name: string): ProbeRule {
  return {
    parameters: name === 'dma_fence_wait_timeout' ? ['fence'] : [],
    enter: rule('fence.wait_call', (fields, moment) => ({
      kind: 'fence.wait_call',
      function: name,
      context: argument(fields, 'context'),
      seqno: argument(fields, 'seqno'),
      ...moment,
    })),
    return: rule('fence.wait_return', (fields, moment) => ({
      kind: 'fence.wait_return',
      function: name,
      ret: signedLong(returnValue(fields)),
      ...moment,
    })),
  };
}
