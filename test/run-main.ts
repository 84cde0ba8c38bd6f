/** The command line in this process: starting one for each would take longer than all tests. */
import { vi } from 'vitest';
import { main } from '../src/commands/main.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runMain(args: readonly string[]): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  const log = vi.spyOn(console, 'log').mockImplementation((text) => {
    stdout += `${text}\n`;
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await main(args);
    return { code: process.exitCode, stdout, stderr };
  } finally {
    process.exitCode = before;
    for (const spy of [out, err, log]) spy.mockRestore();
  }
}
