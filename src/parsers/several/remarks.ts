/** What has to be said of a capture of several inputs: what ended early, what is told twice or apart. */
import type { EventType, Loss, Problem } from '../parser.ts';
import type { Part, PlacedPart } from './parts.ts';
import { isSameType } from './repeats.ts';

/** A loss that may be on any CPU. */
const ANY_CPU = -1;

/** What an input alone records is not seen after its end, though the others go on. */
export function ends(parts: readonly PlacedPart[]): Loss[] {
  const recordings = parts.filter(({ input }) => !input.isLog);
  const end = Math.max(...recordings.map(endOf));
  return recordings.flatMap((part): Loss[] => {
    const { input } = part;
    const from = endOf(part);
    if (end - from <= endSlack(part) || !isAloneWithAny(part, parts)) return [];
    const buffer = input.buffers.first;
    // its last event itself is there
    return [{ buffer, cpu: ANY_CPU, from: from + 1, to: null, events: null, kind: 'ended' }];
  });
}

function endOf({ scout, placement }: PlacedPart): number {
  return scout.last + placement.shift;
}

/** Recordings that end together do not have their last events at one moment. */
const END_SLACK_NS = 10e6;

function endSlack({ input }: PlacedPart): number {
  return END_SLACK_NS + (input.alignment.error ?? 0);
}

function isAloneWithAny({ scout, repeats, capture }: PlacedPart, parts: readonly Part[]): boolean {
  return capture.header.eventTypes.some(
    (type) =>
      (scout.counts[type.index] ?? 0) > 0 &&
      !repeats.types[type.index] &&
      !parts.some((other) => other.scout !== scout && hasType(other, type)),
  );
}

function hasType({ capture, scout }: Part, type: EventType): boolean {
  return capture.header.eventTypes.some(
    (other) => isSameType(other, type) && (scout.counts[other.index] ?? 0) > 0,
  );
}

function notAligned({ input, label }: PlacedPart): Problem[] {
  const { how, reason } = input.alignment;
  if (how !== 'none') return [];
  return [
    {
      code: 'unaligned-input',
      severity: 'info',
      message: `${label} is not aligned with the other inputs and analysed apart; no time in it can be compared with theirs: ${reason}`,
      count: 1,
    },
  ];
}

function otherBoots({ input, label, capture }: PlacedPart): Problem[] {
  const others = capture.header.buffers.length - 1;
  if (input.part === undefined || others < 1) return [];
  return [
    {
      code: 'other-boots',
      severity: 'info',
      message: `${label} holds ${others + 1} boots: ${input.part} is that of the other inputs, the rest is left out; analyse the log alone to see it`,
      count: 1,
    },
  ];
}

function repeated({ label, repeats, scout, repeatedLines, capture }: PlacedPart): Problem[] {
  const events = capture.header.eventTypes.reduce(
    (sum, { index }) => sum + (repeats.types[index] ? (scout.counts[index] ?? 0) : 0),
    repeatedLines,
  );
  if (events === 0) return [];
  return [
    {
      code: 'repeated-events',
      severity: 'info',
      message: `${label} tells ${events} events that another input of the same boot tells too: each is taken once, from the other`,
      count: 1,
    },
  ];
}

/** What is to be said of an input beside its own problems. */
export function remarks(part: PlacedPart): Problem[] {
  return [...notAligned(part), ...otherBoots(part), ...repeated(part)];
}
