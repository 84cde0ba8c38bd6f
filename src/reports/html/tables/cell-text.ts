import { errnoName } from '../../errno.ts';
import { count, formatBytes, type TimeFormat } from '../../units.ts';
import type { TableColumn } from './table-data.ts';

/** What a reader sees of a value that is known. */
export function cellText(
  value: string | number,
  type: TableColumn['type'],
  time: TimeFormat,
): string {
  // also a number beyond 2^53, which is its digits
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
