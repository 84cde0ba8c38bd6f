import type { Loss } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { FileSource } from './byte-reader.ts';
import type { BufferLayout } from './file-layout.ts';
import { type CpuExtent, MOST_CPUS } from './options.ts';

export interface BufferExtent extends CpuExtent {
  /** Index of the buffer. */
  readonly buffer: number;
}

/**
 * The CPUs' parts of the file that can be read, in buffer and CPU order. A part beyond the file's
 * end is lost; two parts that overlap cannot both be right, and reading one place for many CPUs
 * would let a small file take for ever.
 */
export function readableExtents(
  file: FileSource,
  buffers: readonly BufferLayout[],
  problems: ProblemLog,
): { extents: BufferExtent[]; losses: Loss[] } {
  const losses: Loss[] = [];
  const lost = ({ buffer, cpu }: BufferExtent, code: string, why: string): void => {
    const name = buffers[buffer]?.name ?? '';
    const where = name === '' ? '' : ` of buffer ${name}`;
    problems.add(code, 'data-loss', `the events of CPU ${cpu}${where} ${why}`);
    losses.push({ buffer, cpu, from: null, to: null, events: null, kind: 'truncated' });
  };
  const stated = buffers.flatMap(({ cpus }, buffer) =>
    cpus.filter(({ size }) => size > 0).map((extent) => ({ ...extent, buffer })),
  );
  const extents: BufferExtent[] = [];
  let end = 0;
  for (const extent of stated.sort((a, b) => a.offset - b.offset)) {
    const { offset, size } = extent;
    if (offset >= file.size) {
      lost(extent, 'missing-cpu-data', `should be at ${offset}, behind the end of the file`);
    } else if (offset < end) {
      lost(extent, 'overlapping-cpu-data', `should be at ${offset}, inside those of another CPU`);
    } else if (extents.length >= MOST_CPUS) {
      lost(extent, 'too-many-cpus', `are left out: no machine has more than ${MOST_CPUS} CPUs`);
    } else {
      extents.push(extent);
      end = Math.min(offset + size, file.size);
    }
  }
  extents.sort((a, b) => a.buffer - b.buffer || a.cpu - b.cpu);
  return { extents, losses };
}
