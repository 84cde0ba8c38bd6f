import type { OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { reference, span } from './columns.ts';
import type { Lifetime, LifetimeContext } from './lifetime.ts';
import { lived, markOf } from './lived.ts';

export const fenceDependencyTable: Table = {
  name: 'fence_dependency',
  doc: 'A fence that will not signal before another one, where its driver says so (dma_fence_annotate_wait_on).',
  columns: [
    reference('fence_id', 'fence', 'fence.id that waits.'),
    reference('on_fence_id', 'fence', 'fence.id it waits for.'),
    ...span('said so', 'the same moment'),
  ],
  indexes: [['fence_id']],
};

/** Fences that wait for fences. */
export const fenceDependency: Lifetime = {
  kind: 'fence-dependency',
  tables: [fenceDependencyTable],
  track: (context) => ({ on: { 'fence.waits_on': noteOf(context) }, finish: () => undefined }),
};

function noteOf(context: LifetimeContext): (one: OccurrenceOf<'fence.waits_on'>) => void {
  const { fences } = context.live;
  return (waits) => {
    const fence = fences.current(waits.context, waits.seqno);
    const on = fences.current(waits.onContext, waits.onSeqno);
    if (fence === undefined || on === undefined || fence === on) return;
    context.emit(fenceDependencyTable, {
      id: context.nextId(fenceDependencyTable),
      fence_id: fence.id,
      on_fence_id: on.id,
      ...lived(context, markOf(waits), markOf(waits)),
    });
  };
}
