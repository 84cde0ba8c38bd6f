/** What is said of a part of a recording against what is said of the whole. */
import { analyzeCapture } from '../src/analyzers/analyze.ts';
import type { Finding } from '../src/analyzers/finding.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { Capture } from '../src/parsers/parser.ts';
import { cutCapture, lossyCapture } from './damaged-capture.ts';

export interface Part {
  readonly name: string;
  readonly damage: (whole: Capture, duration: number) => Capture;
}

/** The recording stopped after a part of its time. */
export const CUTS: readonly Part[] = [0.25, 0.5, 0.75].map((share) => ({
  name: `the first ${share * 100} %`,
  damage: (whole, duration) => cutCapture(whole, share * duration),
}));

/** A part of the events was lost: a tenth leaves hardly a lifetime whole, one of 200 most of them. */
export const LOSSES: readonly Part[] = [0.1, 0.005].flatMap((share) =>
  [1, 2].map((seed) => ({
    name: `${share * 100} % lost, seed ${seed}`,
    damage: (whole: Capture) => lossyCapture(whole, share, seed),
  })),
);

export interface Comparison {
  readonly parts: number;
  /** Findings called proven in the parts. */
  readonly proven: number;
  /** Those of them that the whole does not have. */
  readonly contradicted: readonly string[];
}

/** @throws TraceError when the capture cannot be read. */
export async function compareParts(path: string, parts: readonly Part[]): Promise<Comparison> {
  const { findings, duration } = await analyzed(path, (whole) => whole);
  const known = new Set(findings.map(nameOf));
  let proven = 0;
  const contradicted: string[] = [];
  for (const { name, damage } of parts) {
    const part = await analyzed(path, (whole) => damage(whole, duration));
    for (const finding of part.findings) {
      if (finding.confidence !== 'proven') continue;
      proven += 1;
      if (!known.has(nameOf(finding))) contradicted.push(`${name}: ${finding.summary}`);
    }
  }
  return { parts: parts.length, proven, contradicted };
}

async function analyzed(
  path: string,
  damage: (whole: Capture) => Capture,
): Promise<{ findings: Finding[]; duration: number }> {
  const capture = openCapture(path);
  try {
    const result = await analyzeCapture(path, damage(capture), { strict: true, figures: false });
    // what a recording cannot show is of course another thing in a part of it
    const findings = result.findings.filter(({ detector }) => detector !== 'tool-blind');
    return { findings, duration: result.capture.durationNs };
  } finally {
    capture.close();
  }
}

/** Detector and the objects' own names: times and counts may differ between a part and the whole. */
function nameOf({ detector, key }: Finding): string {
  const { pid, tid, fence, mm, mni, start, pasid } = key;
  return JSON.stringify([detector, pid, tid, fence, mm, mni, start, pasid]);
}
