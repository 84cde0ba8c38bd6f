import { describe, expect, it } from 'vitest';
import type { CaptureHeader, CaptureInput } from '../../parsers/parser.ts';
import { LogAssembler } from './assembler.ts';
import { bootsOf } from './echoes.ts';

const RESET = 'amdgpu 0000:43:00.0: amdgpu: GPU reset begin!';

/** Events of the records given, of lines told by the buffers named. */
function given(boots: readonly number[], ...buffers: readonly number[]): number[] {
  const assembler = new LogAssembler(boots);
  buffers.forEach((buffer, n) => {
    assembler.add(RESET, { event: n + 1, ts: n * 1e6, cpu: 0, tid: 0 }, buffer);
  });
  assembler.flush();
  const events: number[] = [];
  for (let one = assembler.next(); one; one = assembler.next()) events.push(one.event);
  return events;
}

describe('a record told by two buffers', () => {
  it('of one boot counts once, whichever tells it first', () => {
    expect(given([0, 0], 0, 1)).toEqual([1]);
    expect(given([0, 0], 1, 0, 1, 0)).toEqual([1, 3]);
  });

  it('that happened twice counts twice, also where one buffer begins later', () => {
    expect(given([0, 0], 0, 0, 1, 0)).toEqual([1, 2, 4]);
  });

  it('of two boots counts for each', () => {
    expect(given([0, 1], 0, 1)).toEqual([1, 2]);
  });
});

describe('the boot of a buffer', () => {
  const buffer = { name: '', clock: 'mono', cpus: [] };
  const header = (rest: Partial<CaptureHeader>): CaptureHeader =>
    ({ buffers: [buffer, buffer, buffer], ...rest }) as CaptureHeader;
  const input = (first: number, length: number, boot: number, isLog: boolean): CaptureInput =>
    ({ buffers: { first, length }, boot, isLog }) as CaptureInput;

  it('is one for the instances of a recording', () => {
    expect(bootsOf(header({}))).toEqual([0, 0, 0]);
  });

  it('is its own in a log of several', () => {
    expect(bootsOf(header({ isLog: true }))).toEqual([0, 1, 2]);
  });

  it('is that of the input', () => {
    const inputs = [input(0, 2, 0, false), input(2, 1, 0, true)];
    expect(bootsOf(header({ inputs }))).toEqual([0, 0, 0]);
    const untied = [input(0, 1, 0, false), input(1, 2, 1, true)];
    expect(bootsOf(header({ inputs: untied }))).toEqual([0, 4, 5]);
  });
});
