import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Detail, DetailValue } from '../../analyzers/finding.ts';
import { detailText } from '../detail-text.ts';
import { Time } from './time-context.ts';

export function Details({ details }: { readonly details: readonly Detail[] }): VNode | null {
  if (details.length === 0) return null;
  return (
    <dl class="details">
      {details.map((detail) => (
        <>
          <dt>{detail.label}</dt>
          <Value value={detail.value} />
        </>
      ))}
    </dl>
  );
}

function Value({ value }: { readonly value: DetailValue }): VNode {
  const time = useContext(Time);
  const text = detailText(value, time);
  if (value.type === 'address') return <dd class="mono">{text}</dd>;
  if (value.type !== 'duration' && value.type !== 'time') return <dd>{text}</dd>;
  return <dd title={time.exact(value.ns)}>{text}</dd>;
}
