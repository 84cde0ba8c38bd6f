import { createContext } from 'preact';
import type { Finding } from '../../analyzers/finding.ts';
import type {
  DrawnLifetimes,
  ObjectCount,
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
  readonly lifetimes: DrawnLifetimes;
  readonly objectCounts: readonly ObjectCount[];
  readonly findings: readonly Pick<Finding, 'id' | 'severity' | 'summary'>[];
}

/** Of a page about no one capture. */
export const NO_DATA: PageData = {
  clock: { name: '', unit: 'ns', base: '0' },
  durationNs: 0,
  losses: [],
  timeline: [],
  lifetimes: { moments: {}, objects: [], events: [] },
  objectCounts: [],
  findings: [],
};

export function pageData({ capture, findings, ...result }: Result): PageData {
  const { losses, timeline, lifetimes, objectCounts } = result;
  return {
    clock: capture.clock,
    durationNs: capture.durationNs,
    losses,
    timeline,
    lifetimes,
    objectCounts,
    findings: findings.map(({ id, severity, summary }) => ({ id, severity, summary })),
  };
}

export const Data: ReturnType<typeof createContext<PageData>> = createContext(NO_DATA);
