/** Text captures made in tests, and their events in a form that is easy to state. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../src/parsers/detect.ts';
import type { Capture, EventType, Fields } from '../src/parsers/parser.ts';

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

/** Writes the text to a file and gives `use` the capture that detection makes of it. */
export function withText<T>(
  text: string | Uint8Array,
  use: (capture: Capture) => T,
  open: (path: string) => Capture = openCapture,
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
