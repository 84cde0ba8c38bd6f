/** A finding as plain text, ready to be pasted into a bug report. */
import type { Finding } from '../analyzers/finding.ts';
import type { Result, ResultCapture } from '../analyzers/result.ts';
import { detailText } from './detail-text.ts';
import { eventLine } from './event-line.ts';
import { fileName } from './inputs.ts';
import { lossSentence } from './loss-sentence.ts';
import { count, timeFormat } from './units.ts';

export function bugText(finding: Finding, result: Result): string {
  const { capture } = result;
  const time = timeFormat(capture.clock);
  const details = finding.details.map(({ label, value }) => `${label}: ${detailText(value, time)}`);
  const events = finding.evidence.map((line) => eventLine(line, capture.clock).trimEnd());
  const omitted =
    finding.evidenceOmitted > 0 ? [`(${count(finding.evidenceOmitted)} more left out)`] : [];
  return [
    finding.summary,
    '',
    `Kernel: ${capture.uname ?? 'not recorded'}`,
    `Recording: ${recording(capture)}`,
    `Complete: ${lossSentence(result.losses)}`,
    `Found by: ${result.tool.name} ${result.tool.version}, detector ${finding.detector}, severity ${finding.severity}, ${finding.confidence}`,
    ...(details.length > 0 ? ['', ...details] : []),
    '',
    'Events, as trace-cmd report prints them:',
    ...events,
    ...omitted,
  ].join('\n');
}

function recording(capture: ResultCapture): string {
  return `${fileName(capture.path)} (${capture.format} ${capture.version}), clock ${capture.clock.name}, ${count(capture.events)} events`;
}
