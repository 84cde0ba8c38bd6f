/** trace-cmd as an oracle for tests: what it makes of a capture we wrote. */
import { spawnSync } from 'node:child_process';

export const hasTraceCmd: boolean = spawnSync('trace-cmd', ['--version']).error === undefined;

if (!hasTraceCmd) {
  console.warn(
    'trace-cmd is not installed: NOTHING IS COMPARED WITH IT, those tests are skipped. ' +
      'Install the package trace-cmd to run them.',
  );
}

export interface ReportLine {
  /** Instance; '' for the top buffer. */
  readonly buffer: string;
  readonly comm: string;
  readonly tid: number;
  readonly cpu: number;
  /** As printed with -t: seconds with nine digits, or ticks. */
  readonly ts: string;
  readonly name: string;
  readonly payload: string;
}

export interface TraceCmdReport {
  readonly events: ReportLine[];
  /** Lines that are no event: loss notices. */
  readonly notices: string[];
  /** Whatever it complained about. */
  readonly complaints: string;
}

//            buffer    comm    tid          cpu          ts             name    payload
const LINE = /^(?:(\S+):)?\s*(.{1,16}?)-(\d+)\s+\[(\d+)\]\s*(\d+(?:\.\d+)?): ([^:]+):\s*(.*)$/;

/** `trace-cmd report -t`: nanoseconds, its default plugins. */
export function traceCmdReport(capture: string, ...options: string[]): TraceCmdReport {
  const run = spawnSync('trace-cmd', ['report', '-t', ...options, '-i', capture], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const events: ReportLine[] = [];
  const notices: string[] = [];
  for (const line of run.stdout.split('\n')) {
    if (line === '' || /^cpus=\d+$/.test(line)) continue;
    const parts = LINE.exec(line);
    if (!parts) {
      notices.push(line.trim());
      continue;
    }
    const [, buffer = '', comm = '', tid, cpu, ts = '', name = '', payload = ''] = parts;
    events.push({ buffer, comm, tid: Number(tid), cpu: Number(cpu), ts, name, payload });
  }
  const complaints = [run.stderr.trim(), run.status === 0 ? '' : `exit code ${run.status}`];
  return { events, notices, complaints: complaints.filter(Boolean).join('\n') };
}
