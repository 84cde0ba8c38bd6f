/** The capture itself: how it was recorded and what it holds. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ResultCapture } from '../../analyzers/result.ts';
import { alignment, inputFormat, inputName } from '../inputs.ts';
import { count, counted } from '../units.ts';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

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
  const time = useContext(Time);
  const seen = capture.eventTypes
    .filter((type) => type.events > 0)
    .sort((a, b) => b.events - a.events);
  return (
    <details class="objects">
      <summary>
        <span class="kind">event types</span>
        <span class="count">{count(seen.length)}</span>
      </summary>
      <p class="note">
        {counted(capture.eventTypes.length - seen.length, 'more type')} described in the file did
        not occur. Types not understood are counted, not analysed.
      </p>
      <Scroller label="Event types" tall>
        <table class="sortable">
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col">Count</th>
              <th scope="col">First</th>
              <th scope="col">Last</th>
              <th scope="col">Analysed</th>
            </tr>
          </thead>
          <tbody>
            {seen.map((type) => (
              <tr>
                <td class="mono">
                  {type.system}:{type.name}
                </td>
                <td class="number" data-value={type.events}>
                  {count(type.events)}
                </td>
                <td class="number">{type.first === null ? '–' : time.moment(type.first)}</td>
                <td class="number">{type.last === null ? '–' : time.moment(type.last)}</td>
                <td>{type.selected ? 'yes' : 'counted'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </details>
  );
}
