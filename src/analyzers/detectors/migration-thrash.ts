/**
 * Memory that moves back and forth between the CPU's memory and a device: each side takes away what
 * the other is about to use (mm/migrate_device.c, drivers/gpu/drm/amd/amdkfd/kfd_migrate.c).
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, ObjectRef } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import {
  areasOf,
  type Block,
  type Move,
  placesOf,
  touches,
  turn,
  unsigned,
} from './shared/migration-blocks.ts';
import { migrations } from './shared/needs.ts';
import { actor, duration, hex, range } from './shared/wording.ts';

/** Prefetch and first touch are one turn; a working set that is shared makes another now and then. */
const TURNS: Threshold = {
  name: 'turns',
  unit: 'count',
  default: 4,
  doc: 'Changes of direction of one block or buffer within the window.',
};
const WINDOW: Threshold = {
  name: 'window',
  unit: 'ns',
  default: 1e9,
  doc: 'The turns come within this time.',
};
const BLOCK: Threshold = {
  name: 'block',
  unit: 'bytes',
  default: 65_536,
  doc: 'The finest piece that is followed; drivers move 64 KiB and more, the CPU brings back pages.',
};
/** No threshold: the smallest page of Linux. */
const PAGE_BYTES = 4096;
const EVIDENCE_MOVES = 8;
const FINDINGS_MOST = 20;

export const migrationThrash: Detector = {
  meta: {
    id: 'migration-thrash',
    number: 'D26',
    title: 'Memory moves back and forth',
    description:
      'The same memory went to the device and back several times within a second: the CPU and the device use it in turn, or there is more of it than the device can hold. Each move costs an invalidation, a copy and a fault, far more than either side would lose by reaching over.',
    severity: 'warn',
    needs: [migrations],
    uses: [],
    thresholds: [TURNS, WINDOW, BLOCK],
    traps: [
      'A prefetch and the first touch by the other side are two moves and one turn: more turns are asked for.',
      'Different parts of one range may go different ways: only turns of the same `block` count.',
      'A MIGRATE invalidation alone does not tell the direction, so it counts for nothing.',
      'A buffer freed and made again at the same address looks like the same one.',
    ],
    references: [
      'mm/migrate_device.c: migrate_vma_setup (flags: which side the pages are on)',
      'mm/memory.c: do_swap_page (a CPU fault on a device-private page)',
      'dri-devel 2019-08-15, J. Glisse: migration must stay coherent with mirrors',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit !== 'ns') return 'The clock counts ticks of unknown length.';
    const [directed] = view.all('SELECT 1 FROM migration WHERE direction IS NOT NULL LIMIT 1');
    const [any] = view.all(
      "SELECT 1 FROM migration WHERE source <> 'migrate_pages' AND ret IS NULL LIMIT 1",
    );
    return any !== undefined && directed === undefined
      ? 'Migrations were recorded, but not which way they go: record the flags of migrate_vma_setup.'
      : undefined;
  },

  *detect(view) {
    yield* atMost(FINDINGS_MOST, thrashing(view));
  },
};

function* thrashing(view: View): Iterable<FindingDraft> {
  const window = view.limit(WINDOW);
  const least = view.limit(TURNS);
  const bytes = blockBytes(view);
  const blocks = new Map<string, Block>();
  const moves = view.all<Move>(
    `SELECT m.*, coalesce(p.merged_into, m.process_id) AS process_id
       FROM migration m LEFT JOIN process p ON p.id = m.process_id
      WHERE m.direction IS NOT NULL AND m.ret IS NULL ORDER BY m.start_ts, m.id`,
  );
  for (const move of moves) {
    for (const [owner, place] of placesOf(move, bytes)) turn(blocks, owner, place, move, window);
  }
  const bad = [...blocks.values()].filter((block) => block.most.length >= least);
  for (const area of areasOf(bad)) yield finding(view, area, moves);
}

/** Nothing moves in pieces smaller than a page. */
function blockBytes(view: View): number {
  return Math.max(PAGE_BYTES, view.limit(BLOCK));
}

function finding(view: View, area: readonly Block[], moves: readonly Move[]): FindingDraft {
  const worst = area.reduce((a, b) => (b.most.length > a.most.length ? b : a));
  const [first] = worst.most as [Move, ...Move[]];
  const last = worst.most.at(-1) ?? first;
  const inside = moves.filter((move) => touches(move, area, blockBytes(view)));
  const who = whoMoves(view, inside);
  const what = whatMoves(first, area, inside, blockBytes(view));
  const span = last.start_ts - first.start_ts;
  return {
    severity: 'warn',
    confidence: confidenceOf(view, inside, first),
    summary: `${what.text} of ${who.owner} changed sides ${worst.most.length} times in ${duration(span)}${worst.turns > worst.most.length ? `, ${worst.turns} times in all` : ''}: ${who.text}.`,
    from: inside[0]?.start_ts ?? first.start_ts,
    to: inside.at(-1)?.start_ts ?? last.start_ts,
    objects: [
      ...who.refs,
      ...worst.most.slice(0, EVIDENCE_MOVES).map(
        (move): ObjectRef => ({
          kind: 'migration',
          id: move.id,
          label: `migration ${move.direction}`,
        }),
      ),
    ],
    details: known([
      detail.count('changes of side', worst.turns),
      detail.duration('most of them within', span),
      ...(['to device', 'to system'] as const).flatMap((direction) => costOf(inside, direction)),
      first.mm === null ? undefined : detail.address('mm', first.mm),
      what.range === undefined ? undefined : detail.text('range', what.range),
    ]),
    evidence: evidence(
      ...worst.most.slice(0, EVIDENCE_MOVES).flatMap((move) => [move.start_event, move.end_event]),
    ),
    next: [
      'See which side really needs the memory, and keep it there: prefetch or madvise with a preferred location, or map it over the bus.',
      'Look at what the CPU touches while the device computes: counters and flags beside the data make whole blocks come back.',
      'If buffers are evicted, compare what is bound with the size of the device memory.',
    ],
    identity: [first.source, who.comm],
    key: { ...what.key, ...(who.pid === undefined ? {} : { pid: who.pid }) },
  };
}

function whatMoves(
  first: Move,
  area: readonly Block[],
  inside: readonly Move[],
  bytes: number,
): {
  readonly text: string;
  readonly range: string | undefined;
  readonly key: Readonly<Record<string, string>>;
} {
  if (first.object !== null) {
    const object = hex(first.object);
    return { text: `Buffer ${object}`, range: undefined, key: { object } };
  }
  const starts = inside.map((move) => Number(unsigned(move.range_start ?? 0)));
  const ends = inside.map((move) => Number(unsigned(move.range_end ?? 0)));
  const start = Math.max((area[0]?.place ?? 0) * bytes, lowest(starts));
  const end = Math.min(((area.at(-1)?.place ?? 0) + 1) * bytes, -lowest(ends.map((n) => -n)));
  const where = range(start, end);
  return {
    text: `Memory ${where}`,
    range: where,
    key: {
      ...(first.mm === null ? {} : { mm: hex(first.mm) }),
      block: hex(start),
      start: hex(start),
      end: hex(end),
    },
  };
}

/** Of any number: Math.min takes its arguments on the stack. */
function lowest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** Who sends it away and who takes it back. */
function whoMoves(
  view: View,
  inside: readonly Move[],
): {
  readonly owner: string;
  readonly comm: string;
  readonly pid: number | undefined;
  readonly refs: readonly ObjectRef[];
  readonly text: string;
} {
  const sides = (['to device', 'to system'] as const).map((direction) => {
    const moves = inside.filter((move) => move.direction === direction);
    const names = [
      ...new Set(moves.map((move) => actor(view, move.tid, move.process_id).label)),
    ].slice(0, 3);
    const reasons = [...new Set(moves.map((move) => move.reason).filter((one) => one !== null))];
    const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
    return `${moves.length} moves ${direction} by ${names.join(', ')}${why}`;
  });
  const [some] = inside;
  const owned = inside.find((move) => move.process_id !== null) ?? some;
  const who = owned ? actor(view, owned.tid, owned.process_id) : undefined;
  const isKnown = owned?.process_id !== null && owned?.process_id !== undefined;
  return {
    owner: who?.label ?? 'an unknown process',
    comm: (who?.comm ?? '').replaceAll(/\d+/g, 'N'),
    pid: isKnown ? who?.pid : undefined,
    refs: who?.refs ?? [],
    text: sides.join(', '),
  };
}

function costOf(inside: readonly Move[], direction: Move['direction']) {
  const moves = inside.filter((move) => move.direction === direction);
  const bytes = moves.reduce((sum, move) => sum + (move.bytes ?? 0), 0);
  const ns = moves.reduce((sum, move) => sum + ((move.end_ts ?? move.start_ts) - move.start_ts), 0);
  return [
    detail.count(`moves ${direction}`, moves.length),
    { label: `moved ${direction}`, value: { type: 'bytes', value: bytes } } as const,
    ...(ns > 0 ? [detail.duration(`spent ${direction}`, ns)] : []),
  ];
}

function confidenceOf(view: View, inside: readonly Move[], first: Move): Confidence {
  if (first.object !== null) return 'likely';
  const lossy = inside.some((move) => mayBeMissing(view, move.lossy));
  const whose = first.mm !== null || first.process_id !== null;
  return lossy || !whose ? 'likely' : 'proven';
}
