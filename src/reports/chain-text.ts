/** A chain of causes as one readable path, one line a hop. */
import type { FindingChain, FindingHop } from '../analyzers/finding.ts';
import type { ResultClock } from '../analyzers/result.ts';
import { eventLine } from './event-line.ts';
import { plainStyle, type TextStyle } from './text-style.ts';
import { type TimeFormat, timeFormat } from './units.ts';
import { indent, wrap } from './wrap.ts';

export interface ChainTextOptions {
  readonly width: number;
  readonly style?: TextStyle;
  /** The events of every hop below it. */
  readonly evidence?: boolean;
}

const ENDS = {
  stuck: 'it ends here, with the first thing that did not move',
  deadlock: 'it closes',
  cycle: 'it closes',
  lost: 'the trail is lost here',
  moving: 'it ends here',
} as const satisfies Record<FindingChain['end']['kind'], string>;

export function chainText(
  chain: FindingChain,
  clock: ResultClock,
  options: ChainTextOptions,
): string[] {
  const time = timeFormat(clock);
  const style = options.style ?? plainStyle;
  const { width } = options;
  const lines = chain.hops.flatMap((hop, n) => {
    const first = n === 0 ? '' : '-> ';
    const text = wrap(hopText(hop, time), width - 3);
    const events = options.evidence
      ? hop.evidence.flatMap((line) => eventLine(line, clock).split('\n'))
      : [];
    return [
      ...indent(text, first, n === 0 ? '' : '   '),
      ...events.map((line) => `   ${style.faint(line.trimStart())}`),
    ];
  });
  const { enable } = chain.end;
  const end = indent(wrap(chainEndText(chain), width - 3), '=> ', '   ');
  const record =
    enable.length === 0
      ? []
      : indent(wrap(`to follow it further, record ${enable.join(', ')}`, width - 3), '   ', '   ');
  return [...lines, ...end, ...record];
}

/** How the chain ends, and with what. */
export function chainEndText({ end }: FindingChain): string {
  return `${ENDS[end.kind]}: ${end.text}`;
}

/** `waits for fence 3:1, which was unsignalled since +0.010635 s`. */
export function hopText(hop: FindingHop, time: TimeFormat): string {
  const since = hop.since === null ? '' : ` since ${time.moment(hop.since)}`;
  const inferred = hop.certainty === 'inferred' ? ' (inferred)' : '';
  return hop.relation === ''
    ? `${hop.object.label} ${hop.state}${since}`
    : `${hop.relation} ${hop.object.label}, which ${hop.state}${since}${inferred}`;
}
