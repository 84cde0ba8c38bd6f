import type { Alignment } from '../parser.ts';
import { type NoTie, type Tie, tie } from './clock-tie.ts';
import type { Scout, Scouting } from './scout.ts';

/** Where an input lies on the time line of them all. */
export interface Placement {
  readonly alignment: Alignment;
  /** ns to add to its relative stamps; the earliest event of all is then at 0. */
  readonly shift: number;
  readonly boot: number;
}

interface Placed {
  readonly alignment: Alignment;
  /** Towards the relative time of the reference. */
  readonly shift: number;
  readonly boot: number;
}

/**
 * Puts inputs on one time line. Each is tied to the reference, directly or through others, by the
 * strongest tie there is; what nothing ties lies where it can be seen, and is compared with nothing.
 */
export function align(scouts: readonly Scout[]): Placement[] {
  const placed: (Placed | undefined)[] = scouts.map(() => undefined);
  const reference = referenceOf(scouts);
  placed[reference] = {
    shift: 0,
    boot: 0,
    alignment: { how: 'reference', offset: 0n, error: 0, anchors: 0, reason: 'the reference' },
  };
  let boots = 1;
  for (let found = nextTie(scouts, placed); found; found = nextTie(scouts, placed)) {
    if (found.placed.boot < 0) boots += 1;
    const boot = found.placed.boot < 0 ? boots - 1 : found.placed.boot;
    placed[found.index] = { ...found.placed, boot };
  }
  const end = endOf(scouts, placed);
  const start = Math.min(...scouts.map((scout, n) => scout.first + (placed[n]?.shift ?? Infinity)));
  const all = scouts.map((scout, n): Placed => {
    const known = placed[n];
    if (known) return known;
    boots += 1;
    const shift = scout.capture.header.isLog ? start - scout.first : end - scout.last;
    const { reason } = tie(scouts[reference] as Scout, scout) as NoTie;
    const offset = offsetOf(shift, scout, scouts[reference] as Scout);
    return { shift, boot: boots - 1, alignment: { how: 'none', offset, anchors: 0, reason } };
  });
  const earliest = Math.min(...scouts.map((scout, n) => scout.first + (all[n]?.shift ?? 0)));
  return all.map((one) => ({ ...one, shift: one.shift - earliest }));
}

/** The first recording of events; a log only where there is nothing else. */
function referenceOf(scouts: readonly Scout[]): number {
  return Math.max(
    0,
    scouts.findIndex(({ capture }) => !capture.header.isLog),
  );
}

/**
 * Of a log of several boots the one that another input is of; all of it where none is. The choice is
 * made before anything is aligned, as what is left out must not move the rest.
 */
export function chooseBoots(scoutings: readonly Scouting[]): Scout[] {
  return scoutings.map((own) => {
    if (own.boots.length === 0) return own.whole;
    const others = scoutings.filter((one) => one !== own).flatMap(candidates);
    const ties = own.boots.map((boot) => strongest(boot, others));
    const best = Math.min(...ties.map((found) => found.rank));
    const most = Math.max(...ties.map(({ rank, anchors }) => (rank === best ? anchors : 0)));
    const chosen = ties.findIndex(({ rank, anchors }) => rank === best && anchors === most);
    return (best < RANK.length ? own.boots[chosen] : undefined) ?? own.whole;
  });
}

function candidates({ whole, boots }: Scouting): readonly Scout[] {
  return boots.length > 0 ? boots : [whole];
}

function strongest(boot: Scout, others: readonly Scout[]): { rank: number; anchors: number } {
  let best = { rank: RANK.length, anchors: 0 };
  for (const other of others) {
    const found = tie(other, boot);
    if (found.how === 'none') continue;
    const rank = RANK.indexOf(found.how);
    if (rank < best.rank || (rank === best.rank && found.anchors > best.anchors)) {
      best = { rank, anchors: found.anchors };
    }
  }
  return best;
}

/** From the strongest to the weakest. */
const RANK: readonly Alignment['how'][] = ['events', 'lines', 'marks', 'host', 'clock', 'wall'];

/** The strongest tie of an input that has no place yet to one that has; its boot is -1 when it is a new one. */
function nextTie(
  scouts: readonly Scout[],
  placed: readonly (Placed | undefined)[],
): { index: number; placed: Placed } | undefined {
  let best: { index: number; rank: number; placed: Placed } | undefined;
  scouts.forEach((scout, index) => {
    if (placed[index]) return;
    placed.forEach((other, n) => {
      const first = scouts[n];
      if (!other || !first) return;
      const found = tie(first, scout);
      if (found.how === 'none') return;
      const rank = RANK.indexOf(found.how);
      const place = placeBy(found, other, first, scout, scouts[referenceOf(scouts)] as Scout);
      const better =
        !best ||
        rank < best.rank ||
        (rank === best.rank && (place.alignment.error ?? 0) < (best.placed.alignment.error ?? 0));
      if (better) best = { index, rank, placed: place };
    });
  });
  return best;
}

function placeBy(found: Tie, other: Placed, first: Scout, scout: Scout, reference: Scout): Placed {
  const shift = found.shift + other.shift;
  const isDirect = other.alignment.how === 'reference';
  return {
    shift,
    boot: found.how === 'host' ? -1 : other.boot,
    alignment: {
      how: found.how,
      offset: offsetOf(shift, scout, reference),
      error: found.error + (other.alignment.error ?? 0),
      anchors: found.anchors,
      reason: isDirect
        ? found.reason
        : `${found.reason}, with the ${first.capture.header.format} that is aligned itself`,
    },
  };
}

/** Of absolute stamps; `shift` is that of relative ones. */
function offsetOf(shift: number, scout: Scout, reference: Scout): bigint {
  return reference.base - scout.base + BigInt(shift);
}

/** When the last recording of events that has a place ended. */
function endOf(scouts: readonly Scout[], placed: readonly (Placed | undefined)[]): number {
  const ends = scouts.flatMap(({ capture, last }, n) => {
    const place = placed[n];
    return place && !capture.header.isLog ? [last + place.shift] : [];
  });
  if (ends.length > 0) return Math.max(...ends);
  const index = referenceOf(scouts);
  return (scouts[index]?.last ?? 0) + (placed[index]?.shift ?? 0);
}
