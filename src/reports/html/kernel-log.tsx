/** What the kernel log says of GPUs and IOMMUs, folded by kind and device. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { LogGroup } from '../../analyzers/result.ts';
import { logGroupFirstLine, logGroupName, logGroupSpan, logGroupText } from '../kernel-log.ts';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

export function KernelLogSection({
  groups,
}: {
  readonly groups: readonly LogGroup[];
}): VNode | null {
  const time = useContext(Time);
  if (groups.length === 0) return null;
  return (
    <section id="kernel-log">
      <h2>Kernel log</h2>
      <p>
        Records about GPUs, IOMMUs and what makes them fail; a record is all lines of one message.
      </p>
      <Scroller label="Kernel log">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">When</th>
              <th scope="col">Records</th>
              <th scope="col">First line</th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr>
                <td class="name">{logGroupName(group)}</td>
                <td>{logGroupSpan(group, time)}</td>
                <td>{logGroupText(group)}</td>
                <td class="mono">{logGroupFirstLine(group)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
