/** An incident as plain text, ready to be pasted into a bug report. */
import type { Result, ResultCapture } from '../analyzers/result.ts';
import { chainText } from './chain-text.ts';
import { causeSentence, mainChain } from './chains.ts';
import { type CourseStep, courseOf, findingKind } from './course.ts';
import { detailText } from './detail-text.ts';
import { eventLine } from './event-line.ts';
import { incidentEvidence, incidentSteps } from './incident-evidence.ts';
import { recordedText, withoutFolders } from './inputs.ts';
import { lossSentence } from './loss-sentence.ts';
import { kernelText, machineText } from './machine.ts';
import { type PlacedIncident, placeIncidents } from './placed-findings.ts';
import { count, counted, type TimeFormat, timeFormat } from './units.ts';
import { visibleWords } from './visible.ts';

/** A report that is longer is not read. */
const EVENTS_AT_MOST = 60;
const STEPS_AT_MOST = 30;
const NEXT_AT_MOST = 12;
/** Lines of a chain are broken here; events never. */
const WIDTH = 100;

/** All incidents of a capture, the worst first. */
export function renderBugTexts(result: Result): string {
  const shown = visibleWords({ ...result, capture: withoutFolders(result.capture) });
  const texts = placeIncidents(shown).map((placed) => bugText(placed, shown));
  return `${texts.length === 0 ? 'No incident to report.' : texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`;
}

/** `result` is without folders (see inputs.ts) and has been made visible (see visible.ts). */
export function bugText(placed: PlacedIncident, result: Result): string {
  const { capture } = result;
  const time = timeFormat(capture.clock);
  const cause = causeSentence(placed, time);
  const { finding } = placed.lead;
  const blocks: (readonly string[])[] = [
    [finding.summary, ...(cause === undefined ? [] : [`${cause.word}: ${cause.text}`])],
    [
      `Kernel: ${kernelText(capture)}`,
      `Machine: ${machineText(capture)}`,
      `Recording: ${recording(capture, time)}`,
      `Complete: ${lossSentence(result.losses)}`,
      `Found by: ${result.tool.name} ${result.tool.version}, ${findingKind(finding)}, ${placed.incident.id}`,
    ],
    finding.details.map(({ label, value }) => `${label}: ${detailText(value, time)}`),
    chainLines(placed, result, time),
    courseLines(placed, time),
    eventLines(placed, result),
    nextLines(placed),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function recording(capture: ResultCapture, time: TimeFormat): string {
  const format = [capture.format, capture.version].filter(Boolean).join(' ');
  return `${capture.path} (${format}), ${recordedText(capture, time)}, clock ${capture.clock.name}, ${counted(capture.events, 'event')}`;
}

function chainLines(placed: PlacedIncident, { capture }: Result, time: TimeFormat): string[] {
  const chain = mainChain(placed);
  if (chain === undefined || chain.hops.length < 2) return [];
  return titled(
    `Why, at ${time.moment(chain.at)}:`,
    chainText(chain, capture.clock, { width: WIDTH }),
  );
}

function courseLines(placed: PlacedIncident, time: TimeFormat): string[] {
  if (placed.findings.length < 2) return [];
  const steps = courseOf(placed);
  const lines = steps.slice(0, STEPS_AT_MOST).map((step) => {
    const ts = time.moment(step.ts);
    return `${ts}  ${stepText(step)}`;
  });
  const rest = steps.length - lines.length;
  return titled('In order of time:', [...lines, ...(rest > 0 ? [`(${count(rest)} more)`] : [])]);
}

function stepText(step: CourseStep): string {
  if ('text' in step) return step.text;
  const { finding } = step.placed;
  return `${finding.summary} (${findingKind(finding)})`;
}

function eventLines(placed: PlacedIncident, { capture }: Result): string[] {
  const { events, omitted } = incidentEvidence(placed, EVENTS_AT_MOST);
  const lines = events.map(({ line }) => eventLine(line, capture.clock).trimEnd());
  return titled('Events, as trace-cmd report prints them:', [
    ...lines,
    ...(omitted > 0 ? [`(${counted(omitted, 'more event')} left out)`] : []),
  ]);
}

function nextLines(placed: PlacedIncident): string[] {
  const steps = incidentSteps(placed);
  const rest = steps.length - NEXT_AT_MOST;
  return titled('To look at next:', [
    ...steps.slice(0, NEXT_AT_MOST).map((step) => `- ${step}`),
    ...(rest > 0 ? [`(${count(rest)} more)`] : []),
  ]);
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}
