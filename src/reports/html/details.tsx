import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Detail, DetailValue, ObjectRef } from '../../analyzers/finding.ts';
import { detailText } from '../detail-text.ts';
import { count } from '../units.ts';
import { objectAnchor } from './tables/object-anchor.ts';
import { Time } from './time-context.ts';

/** Beyond this many, objects are only counted. */
const LINKED_AT_MOST = 8;

export function Details(props: {
  readonly details: readonly Detail[];
  /** What they are about. */
  readonly objects: readonly ObjectRef[];
}): VNode | null {
  const { details, objects } = props;
  if (details.length + objects.length === 0) return null;
  return (
    <dl class="details">
      {details.map((detail) => (
        <>
          <dt>{detail.label}</dt>
          <Value value={detail.value} />
        </>
      ))}
      {objects.length > 0 && (
        <>
          <dt>In the tables</dt>
          <dd>
            <Objects objects={objects} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Objects({ objects }: { readonly objects: readonly ObjectRef[] }): VNode {
  const hidden = objects.length - LINKED_AT_MOST;
  return (
    <>
      {objects.slice(0, LINKED_AT_MOST).map((object, n) => (
        <>
          {n > 0 && ', '}
          <ObjectLink object={object} />
        </>
      ))}
      {hidden > 0 && `, and ${count(hidden)} more`}
    </>
  );
}

/** To its row, which tells all that is known of it. */
function ObjectLink({ object }: { readonly object: ObjectRef }): VNode {
  return <a href={`#${objectAnchor(object.kind)}${object.id}`}>{object.label}</a>;
}

function Value({ value }: { readonly value: DetailValue }): VNode {
  const time = useContext(Time);
  const text = detailText(value, time);
  switch (value.type) {
    case 'address':
      return <dd class="mono">{text}</dd>;
    case 'object':
      return (
        <dd>
          <ObjectLink object={value.ref} />
        </dd>
      );
    case 'duration':
    case 'time':
      return <dd title={time.exact(value.ns)}>{text}</dd>;
    default:
      return <dd>{text}</dd>;
  }
}
