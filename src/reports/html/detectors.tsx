/** Which questions were asked, which the capture cannot answer, and what would have to be recorded. */
import type { VNode } from 'preact';
import type { DetectorRun } from '../../analyzers/detector.ts';
import type { Finding } from '../../analyzers/finding.ts';
import type { Result } from '../../analyzers/result.ts';
import { isAboutRecording } from '../importance.ts';
import { recordingCommands } from '../recording.ts';
import { count, counted } from '../units.ts';
import { Details } from './details.tsx';
import { Scroller } from './scroller.tsx';

export function DetectorsSection({ result }: { readonly result: Result }): VNode {
  const of = (outcome: DetectorRun['outcome']): DetectorRun[] =>
    result.detectors.filter((run) => run.outcome === outcome && isTold(run));
  return (
    <section id="detectors">
      <h2>What was checked</h2>
      <Remarks findings={result.findings.filter(isAboutRecording)} />
      <NotObservable runs={of('not-observable')} />
      <Failed runs={of('error')} />
      <Named title="Looked and found something" runs={of('findings')} />
      <Named title="Looked and found nothing" runs={of('clean')} />
    </section>
  );
}

/** What `tool-blind` found stands above the lists; only its failure would be told in them. */
function isTold(run: DetectorRun): boolean {
  return run.outcome === 'error' || !isAboutRecording(run);
}

/** What weakens verdicts, each a sentence with its values. */
function Remarks({ findings }: { readonly findings: readonly Finding[] }): VNode | null {
  if (findings.length === 0) return null;
  return (
    <>
      <h3>What this recording cannot show</h3>
      {findings.map((finding) => (
        <details class="remark" id={finding.id}>
          <summary>{finding.summary}</summary>
          <Details details={finding.details} />
          <ul>
            {finding.next.map((step) => (
              <li>{step}</li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}

function NotObservable({ runs }: { readonly runs: readonly DetectorRun[] }): VNode {
  if (runs.length === 0) {
    return <p>Every detector had the events it needs.</p>;
  }
  const enable = [...new Set(runs.flatMap((run) => run.enable ?? []))];
  return (
    <>
      <h3>
        Could not look <span class="count">{count(runs.length)}</span>
      </h3>
      <dl class="blind">
        {runs.map((run) => (
          <>
            <dt class="mono">{run.detector}</dt>
            <dd>
              <p>{run.reason}</p>
              <Enable lines={run.enable ?? []} />
            </dd>
          </>
        ))}
      </dl>
      {enable.length > 0 && (
        <>
          <h4>To record all of it next time, as root</h4>
          <Scroller label="Commands">
            <pre class="command">{recordingCommands(enable)}</pre>
          </Scroller>
          <p class="note">
            Leave out the events and functions that the kernel at hand does not have:{' '}
            <code>trace-cmd list -e</code> and{' '}
            <code>/sys/kernel/tracing/available_filter_functions</code> name those it has.
          </p>
        </>
      )}
    </>
  );
}

function Enable({ lines }: { readonly lines: readonly string[] }): VNode | null {
  if (lines.length === 0) return null;
  return (
    <details>
      <summary class="quiet">
        {counted(lines.length, 'event or probe', 'events and probes')}
      </summary>
      <ul class="enable">
        {lines.map((line) => (
          <li>
            <code>{line}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Failed({ runs }: { readonly runs: readonly DetectorRun[] }): VNode | null {
  if (runs.length === 0) return null;
  return (
    <>
      <h3>
        Failed <span class="count">{count(runs.length)}</span>
      </h3>
      <p>A fault of svm-trace, not of the capture: please report it.</p>
      <dl class="blind">
        {runs.map((run) => (
          <>
            <dt class="mono">{run.detector}</dt>
            <dd>{run.reason}</dd>
          </>
        ))}
      </dl>
    </>
  );
}

function Named(props: {
  readonly title: string;
  readonly runs: readonly DetectorRun[];
}): VNode | null {
  if (props.runs.length === 0) return null;
  return (
    <>
      <h3>
        {props.title} <span class="count">{count(props.runs.length)}</span>
      </h3>
      <ul class="names">
        {props.runs.map((run) => (
          <li>
            <span class="mono">{run.detector}</span>
            {run.findings > 0 && ` (${counted(run.findings, 'finding')})`}
          </li>
        ))}
      </ul>
    </>
  );
}
