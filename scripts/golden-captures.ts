/** What the comparisons with trace-cmd and with perf have in common. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Comparison } from './compare-lines.ts';

/** The captures a path stands for: itself, or all of a folder with this ending. */
export function capturesIn(path: string, ending: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(path, name));
}

/** The golden text at `path`, packed or not; undefined when there is none. */
export function goldenText(path: string): string | undefined {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  return existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString() : undefined;
}

/** Adds one capture's comparison to the sum of all. */
export function addTo(sum: Comparison, result: Comparison): void {
  sum.compared += result.compared;
  sum.equal += result.equal;
  sum.exceptions.push(...result.exceptions);
  sum.differences.push(...result.differences);
}

/** The last line of a comparison; what nobody explained makes the exit code 1. */
export function conclude(captures: number, sum: Comparison): void {
  console.log(
    `${captures} captures: ${sum.compared} lines compared / ${sum.equal} equal / ` +
      `${sum.exceptions.length} exceptions / ${sum.differences.length} unexplained`,
  );
  process.exitCode = sum.differences.length > 0 ? 1 : 0;
}
