import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';

export const fenceTable: Table = {
  name: 'fence',
  doc: 'A dma_fence. (context, seqno) with a generation is its identity; driver and timeline are labels.',
  columns: [
    integer('context', 'Fence context as recorded; tracepoints truncate it to 32 bits.'),
    integer('seqno', 'Sequence number, low 32 bits as tracepoints record it.'),
    integer(
      'seqno64',
      'Sequence number unwrapped over the 32-bit wrap, or as a probe recorded it.',
    ),
    integer('generation', 'How many earlier fences of the capture had this (context, seqno).'),
    text('driver', 'Driver name of the earliest event; what the driver chose to call itself.'),
    text('timeline', 'Timeline name of the earliest event; later events may say `signaled`.'),
    integer('pointer', 'struct dma_fence pointer, where a probe showed it.'),
    integer('owner_tid', 'Thread that created it (dma_fence_init) or submitted its job.'),
    integer('owner_process_id', 'process.id of that thread.'),
    integer('first_ts', 'First sight of it, relative ns.'),
    integer('first_event', 'That event.'),
    integer('init_ts', 'dma_fence_init, relative ns.'),
    integer('init_event', 'That event.'),
    integer('emit_ts', 'dma_fence_emit, relative ns; only few drivers fire it.'),
    integer('emit_event', 'That event.'),
    integer('enable_ts', 'dma_fence_enable_signal: somebody waits or has a callback, relative ns.'),
    integer('enable_event', 'That event.'),
    integer('enable_tid', 'Thread that enabled signalling.'),
    integer('enable_process_id', 'process.id of that thread.'),
    integer(
      'signaled_ts',
      'dma_fence_signaled, relative ns; an upper bound when nobody enabled signalling.',
    ),
    integer('signaled_event', 'That event.'),
    integer('signaled_tid', 'Thread the event ran in; says nothing about the owner.'),
    integer('destroy_ts', 'dma_fence_destroy: last reference dropped, relative ns.'),
    integer('destroy_event', 'That event.'),
    integer('destroy_tid', 'Thread that dropped the last reference.'),
    integer('destroy_process_id', 'process.id of that thread.'),
    integer(
      'error',
      'Error it was signalled with (negative errno), 0 = none; NULL = not observable.',
    ),
    integer('error_event', 'Probe event that showed the error.'),
    integer(
      'signal_calls',
      'Calls of dma_fence_signal*() seen while it was not signalled; 2 = signalled twice.',
    ),
    integer('job_id', 'job.id whose finished fence this is.'),
    integer(
      'ambiguous',
      '1 = several fences with this key were alive at once: what belongs to which is undecidable.',
    ),
    integer(
      'container',
      '1 = array, chain or stub: signals through others, has no life of its own.',
    ),
    integer('dropped', '1 = destroyed before it was signalled, then signalled with -EDEADLK.'),
    ...span('dma_fence_init', 'dma_fence_destroy'),
  ],
  // selftests give tens of thousands of fences one number: with the generation a look-up finds one
  indexes: [['context', 'seqno', 'generation'], ['owner_process_id'], ['init_ts']],
};
