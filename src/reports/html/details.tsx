import type { ComponentChildren, VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Detail, DetailValue } from '../../analyzers/finding.ts';
import { errnoName } from '../errno.ts';
import { count, formatBytes, type TimeFormat } from '../units.ts';
import { Time } from './time-context.ts';

export function Details({ details }: { readonly details: readonly Detail[] }): VNode | null {
  const time = useContext(Time);
  if (details.length === 0) return null;
  return (
    <dl class="details">
      {details.map((detail) => (
        <>
          <dt>{detail.label}</dt>
          <dd class={detail.value.type === 'address' ? 'mono' : ''}>
            {detailText(detail.value, time)}
          </dd>
        </>
      ))}
    </dl>
  );
}

function detailText(value: DetailValue, time: TimeFormat): ComponentChildren {
  switch (value.type) {
    case 'text':
      return value.value;
    case 'count':
      return count(value.value);
    case 'duration':
      return <span title={time.exact(value.ns)}>{time.duration(value.ns)}</span>;
    case 'time':
      return <span title={time.exact(value.ns)}>{time.moment(value.ns)}</span>;
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
