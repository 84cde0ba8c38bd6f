import type { CellType } from '../../../analyzers/result.ts';
import { errnoName } from '../../errno.ts';
import { count, formatBytes, type TimeFormat } from '../../units.ts';

export type CellValue = string | number | null;

/** What a reader sees of a value that is known. */
export function cellText(value: string | number, type: CellType, time: TimeFormat): string {
  // beyond 2^53, as its digits
  if (typeof value === 'string') return value;
  switch (type) {
    case 'time':
      return time.moment(value);
    case 'duration':
      return time.duration(value);
    case 'count':
      return count(value);
    case 'bytes':
      return formatBytes(value);
    case 'errno':
      return errnoName(value);
    case 'flag':
      return value === 0 ? 'no' : 'yes';
    default:
      return String(value);
  }
}
