import type { DetailValue } from '../analyzers/finding.ts';
import { errnoName } from './errno.ts';
import { count, formatBytes, type TimeFormat } from './units.ts';

/** A value of a finding with its unit. */
export function detailText(value: DetailValue, time: TimeFormat): string {
  switch (value.type) {
    case 'text':
      return value.value;
    case 'count':
      return count(value.value);
    case 'duration':
      return time.duration(value.ns);
    case 'time':
      return time.moment(value.ns);
    case 'bytes':
      return formatBytes(value.value);
    case 'address':
      return value.hex;
    case 'errno':
      return errnoName(value.value);
    case 'object':
      return value.ref.label;
  }
}
