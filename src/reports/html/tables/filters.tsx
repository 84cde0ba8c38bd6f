import type { VNode } from 'preact';
import { NO_FILTER, type TableFilter, type TableModel } from './table-model.ts';

export function Filters(props: {
  readonly model: TableModel;
  readonly label: string;
  onChange(filter: TableFilter): void;
}): VNode {
  const { model, label, onChange } = props;
  const { filter } = model;
  const threads = model.threads();
  return (
    <search class="filter" aria-label={`Filter ${label}`}>
      <label>
        Filter{' '}
        <input
          type="search"
          value={filter.text}
          onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
        />
      </label>
      {threads.length > 1 && (
        <label>
          Thread{' '}
          <select
            value={filter.thread}
            onChange={(event) => onChange({ ...filter, thread: event.currentTarget.value })}
          >
            <option value="">any</option>
            {threads.map((thread) => (
              <option value={thread}>{thread}</option>
            ))}
          </select>
        </label>
      )}
      {model.tellsFindings && (
        <label>
          <input
            type="checkbox"
            checked={filter.inFindings}
            onChange={(event) => onChange({ ...filter, inFindings: event.currentTarget.checked })}
          />{' '}
          in findings only
        </label>
      )}
      {filter !== NO_FILTER && (
        <button type="button" onClick={() => onChange(NO_FILTER)}>
          Clear
        </button>
      )}
    </search>
  );
}
