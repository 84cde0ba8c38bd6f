import type { EventType } from '../parser.ts';
import type { Placement } from './align.ts';
import { isConsole, type Moments, type Scout } from './scout.ts';

/** What of an input another one of the same boot tells as well: one happening must not count twice. */
export interface Repeats {
  /** By event type index of the input: taken from another input. */
  readonly types: readonly boolean[];
  /** Whether the console line at that relative moment of this input is in a recording too. */
  isLineKnown(text: string, ts: number): boolean;
}

/** Of one boot, with its place and what was found in it. */
interface Member {
  readonly index: number;
  readonly scout: Scout;
  readonly placement: Placement;
}

/** Console lines of one boot agree within 0.7 ms in recordings, after the clocks were aligned. */
const LINE_SLACK_NS = 1e6;

export function findRepeats(scouts: readonly Scout[], placements: readonly Placement[]): Repeats[] {
  return scouts.map((scout, index): Repeats => {
    const placement = placements[index] as Placement;
    const own: Member = { index, scout, placement };
    const others = scouts
      .map((one, n): Member => ({ index: n, scout: one, placement: placements[n] as Placement }))
      .filter((one) => one.index !== index && one.placement.boot === placement.boot);
    return {
      types: scout.capture.header.eventTypes.map((type) => isTakenFromAnother(type, own, others)),
      isLineKnown: knownLines(own, others),
    };
  });
}

/**
 * All events of a system come from one input, that with the most of them: between its own events
 * there is no clock error. Text leaves out the systems of probes: these are compared type by type.
 */
function isTakenFromAnother(type: EventType, own: Member, others: readonly Member[]): boolean {
  if (isConsole(type) || countOf(type, own) === 0) return false;
  return others.some((other) => {
    const twin = other.scout.capture.header.eventTypes.find(
      (one) => isSameType(one, type) && countOf(one, other) > 0,
    );
    if (!twin) return false;
    const bySystem = twin.system === type.system && type.system !== '';
    const [mine, theirs] = bySystem
      ? [countOfSystem(type.system, own), countOfSystem(type.system, other)]
      : [countOf(type, own), countOf(twin, other)];
    if (theirs !== mine) return theirs > mine;
    // text has no numbers for its types, and shows symbols for addresses
    const isText = [twin, type].map(({ id }) => id < 0);
    return isText[0] === isText[1] ? other.index < own.index : isText[1] === true;
  });
}

export function isSameType(a: EventType, b: EventType): boolean {
  return a.name === b.name && (a.system === b.system || a.system === '' || b.system === '');
}

function countOf({ index }: EventType, { scout }: Member): number {
  return scout.counts[index] ?? 0;
}

function countOfSystem(system: string, member: Member): number {
  return member.scout.capture.header.eventTypes
    .filter((type) => type.system === system)
    .reduce((sum, type) => sum + countOf(type, member), 0);
}

function knownLines(own: Member, others: readonly Member[]): Repeats['isLineKnown'] {
  const better = others.filter((other) => precedes(other, own) && other.scout.lines.size > 0);
  if (better.length === 0) return () => false;
  return (text, ts) =>
    better.some((other) => {
      const slack = LINE_SLACK_NS + errorOf(own) + errorOf(other);
      const moment = ts + own.placement.shift - other.placement.shift;
      return isNear(other.scout.lines.get(text) ?? [], moment, slack);
    });
}

/** A recording's own stamps have no clock error; of two logs the first is as good. */
function precedes(other: Member, own: Member): boolean {
  const [theirs, mine] = [other, own].map(({ scout }) => scout.capture.header.isLog === true);
  return theirs === mine ? other.index < own.index : mine === true;
}

function errorOf({ placement }: Member): number {
  return placement.alignment.error ?? 0;
}

function isNear(moments: Moments, moment: number, slack: number): boolean {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((moments[middle] as number) < moment - slack) low = middle + 1;
    else high = middle;
  }
  const next = moments[low];
  return next !== undefined && next <= moment + slack;
}
