/** Kernel logs made in tests, and their records in a form that is easy to state. */
import { openCapture } from '../src/parsers/detect.ts';
import type {
  CaptureHeader,
  EventTypeCount,
  Fields,
  Loss,
  Problem,
} from '../src/parsers/parser.ts';
import { withText } from './text-events.ts';

export interface SeenRecord {
  /** µs as the log's clock shows them, those of later boots moved behind the earlier. */
  readonly us: number;
  readonly cpu: number;
  readonly tid: number;
  readonly boot: string;
  readonly fields: Fields;
}

export interface SeenLog {
  readonly header: CaptureHeader;
  readonly records: readonly SeenRecord[];
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly Loss[];
  readonly problems: readonly Problem[];
}

/** Opens the text as what it is recognised as, and reads all of it. */
export function readLog(text: string | Uint8Array): SeenLog {
  return withText(
    text,
    (capture) => {
      const { header, counts, losses, problems } = capture;
      const records: SeenRecord[] = [];
      for (const batch of capture.batches()) {
        for (let i = 0; i < batch.length; i++) {
          records.push({
            us: Number(header.clock.base / 1000n) + (batch.ts[i] as number) / 1000,
            cpu: batch.cpu[i] as number,
            tid: batch.tid[i] as number,
            boot: header.buffers[batch.buffer[i] as number]?.name ?? 'none',
            fields: batch.fields(i),
          });
        }
      }
      return { header, records, counts, losses, problems };
    },
    openCapture,
  );
}

export const messages = ({ records }: SeenLog): unknown[] =>
  records.map(({ fields }) => fields.msg);

/** Codes and numbers of the problems. */
export const codes = ({ problems }: SeenLog): Record<string, number> =>
  Object.fromEntries(problems.map(({ code, count }) => [code, count]));

/** µs of a date. */
export const at = (date: string): number => Date.parse(date) * 1000;
