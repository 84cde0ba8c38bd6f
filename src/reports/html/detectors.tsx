/** Which questions were asked, which the capture cannot answer, and what would have to be recorded. */
import type { VNode } from 'preact';
import type { DetectorRun } from '../../analyzers/detector.ts';
import type { Finding } from '../../analyzers/finding.ts';
import type { Result } from '../../analyzers/result.ts';
import { isAboutRecording } from '../importance.ts';
import { recordingCommands } from '../recording.ts';
import { count, counted } from '../units.ts';
import { CopyButton } from './copy-button.tsx';
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
          <Details details={finding.details} objects={finding.objects} />
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

/** Those that lack the same are told together, with what would have recorded it. */
function NotObservable({ runs }: { readonly runs: readonly DetectorRun[] }): VNode {
  if (runs.length === 0) {
    return <p>Every detector had the events it needs.</p>;
  }
  const groups = new Map<string, DetectorRun[]>();
  for (const run of runs) {
    const lacks = `${run.reason}\n${run.enable?.join()}`;
    groups.set(lacks, [...(groups.get(lacks) ?? []), run]);
  }
  return (
    <>
      <h3>
        Could not look <span class="count">{count(runs.length)}</span>
      </h3>
      <dl class="blind">
        {[...groups.values()].map((group) => (
          <Lacking runs={group} />
        ))}
      </dl>
      <p class="note">
        All of it in one command is <a href="#recording-command">on top</a>. Leave out the events
        and functions that the kernel at hand does not have: <code>trace-cmd list -e</code> and{' '}
        <code>/sys/kernel/tracing/available_filter_functions</code> name those it has.
      </p>
    </>
  );
}

function Lacking({ runs }: { readonly runs: readonly DetectorRun[] }): VNode | null {
  const [first] = runs;
  if (first === undefined) return null;
  const enable = first.enable ?? [];
  const id = `to-record-${first.detector}`;
  return (
    <>
      <dt class="mono">
        {runs.map(({ detector }) => (
          <div>{detector}</div>
        ))}
      </dt>
      <dd>
        <p>{first.reason}</p>
        {enable.length > 0 && (
          <details>
            <summary class="quiet">
              What would record it: {counted(enable.length, 'event or probe', 'events and probes')}
            </summary>
            <CopyButton of={id} label="Copy" />
            <Scroller label="Commands">
              <pre class="command" id={id}>
                {recordingCommands(enable)}
              </pre>
            </Scroller>
          </details>
        )}
      </dd>
    </>
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
