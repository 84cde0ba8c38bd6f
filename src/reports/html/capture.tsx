/** The capture itself: how it was recorded and what it holds. */

import type { VNode } from 'preact';
import type { ResultCapture } from '../../analyzers/result.ts';
import { alignment, inputFormat, inputName } from '../inputs.ts';
import { count, counted } from '../units.ts';
import { Island } from './island.tsx';
import { Scroller } from './scroller.tsx';
import type { TableData } from './tables/table-data.ts';

export function CaptureSection({ capture }: { readonly capture: ResultCapture }): VNode {
  return (
    <section id="capture">
      <h2>The capture</h2>
      <dl class="details">
        <dt>Clock</dt>
        <dd>
          {capture.clock.name}, {capture.clock.unit === 'ns' ? 'nanoseconds' : 'ticks'}
          {capture.clock.converted !== undefined && `, converted: ${capture.clock.converted}`}; the
          first event is at {capture.clock.base}
        </dd>
        <dt>Byte order</dt>
        <dd>{capture.endian} endian</dd>
        {capture.buffers.map((buffer) => (
          <>
            <dt>Buffer {buffer.name === '' ? 'top' : buffer.name}</dt>
            <dd>
              clock {buffer.clock}
              {buffer.cpus.length > 0 && `, ${counted(buffer.cpus.length, 'CPU')}`}
            </dd>
          </>
        ))}
        {Object.entries(capture.facts).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      <Inputs capture={capture} />
      <EventTypes capture={capture} />
    </section>
  );
}

/** Several inputs, and how far their times can be compared. */
function Inputs({ capture }: { readonly capture: ResultCapture }): VNode | null {
  if (capture.inputs.length < 2) return null;
  return (
    <Scroller label="Inputs" id="inputs">
      <table class="stacked">
        <thead>
          <tr>
            <th scope="col">Input</th>
            <th scope="col">Format</th>
            <th scope="col">Kernel</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {capture.inputs.map((input) => (
            <tr>
              <td class="mono">{inputName(input)}</td>
              <td>{inputFormat(input)}</td>
              <td data-label="Kernel">{input.uname ?? 'not recorded'}</td>
              <td>{alignment(input, capture.clock.unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

function EventTypes({ capture }: { readonly capture: ResultCapture }): VNode {
  const seen = capture.eventTypes
    .filter((type) => type.events > 0)
    .sort((a, b) => b.events - a.events);
  return (
    <details class="objects">
      <summary>
        <span class="kind">event types</span> <span class="count">{count(seen.length)}</span>
      </summary>
      <p class="note">
        {counted(capture.eventTypes.length - seen.length, 'more type')} described in the file did
        not occur. Types not understood are counted, not analysed.
      </p>
      <Island name="table" props={{ table: eventTypeTable(seen) }} />
    </details>
  );
}

function eventTypeTable(seen: ResultCapture['eventTypes']): TableData {
  return {
    label: 'Event types',
    rows: seen.length,
    columns: [
      {
        title: 'Event',
        type: 'text',
        cells: seen.map(({ system, name }) => `${system}:${name}`),
      },
      { title: 'Count', type: 'count', cells: seen.map(({ events }) => events) },
      { title: 'First', type: 'time', cells: seen.map(({ first }) => first) },
      { title: 'Last', type: 'time', cells: seen.map(({ last }) => last) },
      {
        title: 'Analysed',
        type: 'text',
        cells: seen.map(({ selected }) => (selected ? 'yes' : 'counted')),
      },
    ],
  };
}
