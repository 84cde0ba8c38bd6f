/** Text captures made in tests, and their events in a form that is easy to state. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ftraceText } from '../src/parsers/ftrace-text/ftrace-text.ts';
import type { Capture, EventType, Fields } from '../src/parsers/parser.ts';
import { perfScriptText } from '../src/parsers/perf-script-text/perf-script-text.ts';
import { traceCmdText } from '../src/parsers/trace-cmd-text/trace-cmd-text.ts';

export interface TextEvent {
  readonly type: string;
  readonly cpu: number;
  readonly tid: number;
  readonly comm: string | undefined;
  /** As recorded: ns or ticks. */
  readonly time: bigint;
  readonly flags: number;
  readonly fields: Fields;
}

/** With the parser that knows the text. */
function openText(path: string): Capture {
  const head = readFileSync(path).subarray(0, 4096);
  const parser = [traceCmdText, perfScriptText, ftraceText].find(({ sniff }) => sniff(head));
  return (parser ?? ftraceText).open(path);
}

/** Writes the text to a file and gives `use` the capture made of it. */
export function withText<T>(
  text: string | Uint8Array,
  use: (capture: Capture) => T,
  open: (path: string) => Capture = openText,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'svm-trace-text-'));
  try {
    const path = join(folder, 'capture');
    writeFileSync(path, text);
    const capture = open(path);
    try {
      return use(capture);
    } finally {
      capture.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function eventsIn(capture: Capture): TextEvent[] {
  const events: TextEvent[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      const { system, name } = capture.header.eventTypes[batch.type[i] as number] as EventType;
      const tid = batch.tid[i] as number;
      events.push({
        type: `${system}:${name}`,
        cpu: batch.cpu[i] as number,
        tid,
        comm: capture.comm(tid),
        time: capture.header.clock.base + BigInt(batch.ts[i] as number),
        flags: batch.flags(i),
        fields: batch.fields(i),
      });
    }
  }
  return events;
}
