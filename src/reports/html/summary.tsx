/** The first screen: what is wrong, in words; what the capture is; how far it can be trusted. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../analyzers/finding.ts';
import type { Result } from '../../analyzers/result.ts';
import { headline } from '../headline.ts';
import { isAboutRecording, SEVERITIES } from '../importance.ts';
import { isAligned, recordedSpan } from '../inputs.ts';
import { lossSentence } from '../loss-sentence.ts';
import { count, counted, formatBytes } from '../units.ts';
import { SeverityBadge } from './badges.tsx';
import { problemSentence } from './losses.tsx';
import { Time } from './time-context.ts';

export function Summary({ result }: { readonly result: Result }): VNode {
  return (
    <header class="summary">
      <p class="kicker">svm-trace report</p>
      <h1>{headline(result)}</h1>
      <Verdict result={result} />
      <CaptureFacts result={result} />
      <nav aria-label="Sections">
        <a href="#findings">Findings</a>
        {result.kernelLog.length > 0 && <a href="#kernel-log">Kernel log</a>}
        <a href="#timeline">Timeline</a>
        <a href="#figures">Latencies</a>
        <a href="#detectors">What was checked</a>
        <a href="#objects">Objects</a>
        <a href="#capture">Capture</a>
      </nav>
    </header>
  );
}

function Verdict({ result }: { readonly result: Result }): VNode {
  return (
    <ul class="verdict">
      {SEVERITIES.map((severity) => severityCount(result.findings, severity))}
      <NotObservable result={result} />
      <li class={result.losses.length > 0 ? 'bad' : ''}>{lossSentence(result.losses)}</li>
      {result.problems.length > 0 && (
        <li>
          <a href="#quality">{problemSentence(result.problems)}</a>
        </li>
      )}
    </ul>
  );
}

function severityCount(
  findings: readonly Finding[],
  severity: Finding['severity'],
): VNode | undefined {
  const number = findings.filter(
    (finding) => finding.severity === severity && !isAboutRecording(finding),
  ).length;
  if (number === 0) return undefined;
  return (
    <li>
      <a href="#findings">
        <SeverityBadge severity={severity} /> {count(number)}
      </a>
    </li>
  );
}

function NotObservable({ result }: { readonly result: Result }): VNode | null {
  const runs = result.detectors.filter((run) => !isAboutRecording(run));
  const blind = runs.filter((run) => run.outcome === 'not-observable').length;
  const failed = result.detectors.filter((run) => run.outcome === 'error').length;
  if (blind + failed === 0) return null;
  const parts = [
    blind > 0 ? `${count(blind)} of ${counted(runs.length, 'detector')} could not look` : '',
    failed > 0 ? `${count(failed)} failed` : '',
  ];
  return (
    <li>
      <a href="#detectors">{parts.filter(Boolean).join(', ')}</a>
    </li>
  );
}

function CaptureFacts({ result }: { readonly result: Result }): VNode {
  const time = useContext(Time);
  const { capture } = result;
  const recorded = recordedSpan(capture);
  return (
    <dl class="facts">
      <Fact label="File" wide>
        <span class="mono">{capture.path}</span>
      </Fact>
      <Fact label="Kernel" wide>
        {capture.uname ?? 'not recorded'}
      </Fact>
      <Fact label="Duration">{time.duration(recorded.to - recorded.from)}</Fact>
      <Fact label="Events">{count(capture.events)}</Fact>
      <Fact label="CPUs">{capture.cpus > 0 ? count(capture.cpus) : 'not recorded'}</Fact>
      <Fact label="Clock">
        {capture.clock.name}
        {capture.clock.unit === 'ticks' && ' (ticks of unknown length)'}
        {capture.inputs.length > 1 && (
          <>
            , others{' '}
            <a href="#inputs">{capture.inputs.every(isAligned) ? 'aligned' : 'not all aligned'}</a>
          </>
        )}
      </Fact>
      <Fact label="Format">
        {[capture.format, capture.version].filter(Boolean).join(' ')},{' '}
        {formatBytes(capture.sizeBytes)}
      </Fact>
    </dl>
  );
}

function Fact(props: {
  readonly label: string;
  readonly wide?: boolean;
  readonly children: preact.ComponentChildren;
}): VNode {
  return (
    <div class={props.wide ? 'wide' : ''}>
      <dt>{props.label}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
