/**
 * The parts of a page that act. Each is rendered here into plain HTML, readable without a script,
 * and taken over in the browser by the same component with the same properties (client/hydrate.tsx).
 * So a component listed here, and all it imports, must run in both: no module of Node, nothing that
 * depends on where or when it runs before the first effect, and no `useId`, which counts per root.
 */
import type { FunctionComponent } from 'preact';
import { DataTable } from './tables/data-table.tsx';
import { TimelineChart } from './timeline/timeline-chart.tsx';

interface Islands {
  readonly table: typeof DataTable;
  readonly timeline: typeof TimelineChart;
}

export const islands: Islands = {
  table: DataTable,
  timeline: TimelineChart,
};

export type IslandName = keyof Islands;

/** Plain data: it travels as JSON. */
export type IslandProps<Name extends IslandName> = Parameters<Islands[Name]>[0];

/** An island by a name that is only known when it runs. */
export function islandNamed(name: string): FunctionComponent | undefined {
  return Object.hasOwn(islands, name)
    ? (islands[name as IslandName] as FunctionComponent)
    : undefined;
}
