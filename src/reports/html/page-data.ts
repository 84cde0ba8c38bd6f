import { createContext } from 'preact';
import type {
  ObjectTable,
  Result,
  ResultClock,
  ResultLoss,
  TimelineLane,
} from '../../analyzers/result.ts';

/** What several islands read: in the page once, not with each of them. */
export interface PageData {
  readonly clock: ResultClock;
  /** Relative ns of the last event. */
  readonly durationNs: number;
  readonly losses: readonly ResultLoss[];
  readonly timeline: readonly TimelineLane[];
  readonly objects: readonly ObjectTable[];
}

/** Of a page about no one capture. */
export const NO_DATA: PageData = {
  clock: { name: '', unit: 'ns', base: '0' },
  durationNs: 0,
  losses: [],
  timeline: [],
  objects: [],
};

export function pageData({ capture, losses, timeline, objects }: Result): PageData {
  return { clock: capture.clock, durationNs: capture.durationNs, losses, timeline, objects };
}

export const Data: ReturnType<typeof createContext<PageData>> = createContext(NO_DATA);
