import { expect, it } from 'vitest';
import { ByteWriter } from '../../../test/scenario/byte-writer.ts';
import { FEATURE, noFacts, type RecordingFacts, readFeature } from './features.ts';

function read(bit: number, write: (to: ByteWriter) => void, littleEndian = true): RecordingFacts {
  const facts = noFacts();
  const bytes = new ByteWriter(littleEndian);
  write(bytes);
  readFeature(bit, bytes.finish(), littleEndian, facts);
  return facts;
}

const string = (to: ByteWriter, text: string) =>
  to
    .u32(64)
    .text(text)
    .bytes(new Uint8Array(64 - text.length));

it('reads strings of both byte orders', () => {
  for (const littleEndian of [true, false]) {
    const facts = read(
      FEATURE.commandLine,
      (to) => string(string(to.u32(2), 'perf'), '-a'),
      littleEndian,
    );
    expect(facts.commandLine).toEqual(['perf', '-a']);
  }
});

it('knows the events by their ids, whatever the size of the attributes', () => {
  for (const size of [64, 128, 136]) {
    const facts = read(FEATURE.eventDescriptions, (to) => {
      to.u32(1).u32(size).bytes(new Uint8Array(size)).u32(2);
      string(to, 'dma_fence:dma_fence_init').u64(7).u64(8);
    });
    expect([...facts.eventNames]).toEqual([
      [7, 'dma_fence:dma_fence_init'],
      [8, 'dma_fence:dma_fence_init'],
    ]);
  }
});

it('believes no count that cannot be', () => {
  expect(read(FEATURE.cpus, (to) => to.u32(0xffffffff)).cpusAvailable).toBeUndefined();
  expect(read(FEATURE.cpus, (to) => to.u32(8).u32(6)).cpusAvailable).toBe(8);
  expect(read(FEATURE.commandLine, (to) => to.u32(0x7fffffff)).commandLine).toBeUndefined();
  expect(read(FEATURE.hostname, (to) => to.u32(0x40000000)).hostname).toBeUndefined();
  const cut = read(FEATURE.eventDescriptions, (to) => to.u32(5).u32(136).u32(1));
  expect(cut.eventNames.size).toBe(0);
});
