import { readRocrLine } from './rocr-line.ts';
import { SHAPES, type Shape, type SmiPayload, shapesNamed } from './smi-shapes.ts';

/** KFD_SMI_EVENT_MSG_SIZE is 96, and rocm-smi puts columns ahead. */
const MOST_CHARACTERS = 300;
const SECONDS_OF_DAY = [3600, 60, 1];

/** One event of the text. */
export interface SmiLine {
  readonly shape: Shape;
  readonly payload: SmiPayload;
  /** As rocm-smi counts the devices; undefined in what was read from the event files themselves. */
  readonly gpu: number | undefined;
  /** Seconds since midnight at which rocm-smi printed it. */
  readonly printedAt: number | undefined;
}

/** What a line is: an event, something that is no event (headings), or nothing we know. */
export type LineKind = SmiLine | 'heading' | undefined;

// `5 14601738586508 -152990 @7f0f15200(2c02) 0->1ea0 1ea0:0 1`
//  event time ns     pid     payload
const RAW = /^([0-9a-f]{1,2}) (.+)$/;
// `GPU[0]:    12:34:56   VM_FAULT   1a2b:python3`
//  device     printed    event      payload, without the event's number
const ROCM_SMI = /^GPU\[(\d{1,4})\]\s*:\s+(\d\d):(\d\d):(\d\d)\s+([A-Za-z_]+)\s+(.+)$/;
const HEADINGS =
  /^(#.*|=+( .* =+)?|DEVICE\s+TIME\s+TYPE\s+DESCRIPTION|Press 'q' .*|[-\s]*|EVENT LIST.*|ROCr HMM event error: .*)$/;

/**
 * Reads one line. NULs may be anywhere: programs write whole buffers of 96 bytes, and up to 6.18 a
 * restored queue's line has one where `0` belongs (kfd_smi_event_queue_restore).
 */
export function readLine(raw: string): LineKind {
  if (raw.length > MOST_CHARACTERS && raw.replaceAll('\0', '').length > MOST_CHARACTERS) return;
  const text = raw.replaceAll(/[\0\r]/g, '').trim();
  const [, number, payload] = RAW.exec(text) ?? [];
  if (number !== undefined && payload !== undefined) {
    return readAs(SHAPES.get(Number.parseInt(number, 16)) ?? [], payload);
  }
  const logged = readRocrLine(text);
  if (logged) return { ...logged, gpu: undefined, printedAt: undefined };
  const printed = ROCM_SMI.exec(text);
  if (!printed) return HEADINGS.test(text) ? 'heading' : undefined;
  const [, gpu, hours, minutes, seconds, name = '', rest = ''] = printed;
  const printedAt = [hours, minutes, seconds].reduce(
    (sum, part, n) => sum + Number(part) * (SECONDS_OF_DAY[n] ?? 0),
    0,
  );
  return readAs(shapesNamed(name), rest, Number(gpu), printedAt);
}

function readAs(
  shapes: readonly Shape[],
  text: string,
  gpu?: number,
  printedAt?: number,
): SmiLine | undefined {
  for (const shape of shapes) {
    const payload = shape.read(text);
    if (payload) return { shape, payload, gpu, printedAt };
  }
  return undefined;
}
