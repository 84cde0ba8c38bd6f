import { expect, it } from 'vitest';
import { detectors } from './detectors/index.ts';
import { wordsOf } from './need-words.ts';

it('every need of a detector has words, and no name of our own', () => {
  const needs = detectors.flatMap(({ meta }) => [...meta.needs, ...meta.uses]);
  const kinds = [...new Set(needs.flatMap(({ oneOf }) => oneOf))];
  const plain = kinds.filter((kind) => wordsOf([kind]) === kind.replaceAll(/[._]/g, ' '));
  expect(plain, 'need-words.ts lacks these').toEqual([]);
});

it('two kinds with one name are said once', () => {
  expect(wordsOf(['hmm.range_fault', 'hmm.range_fault_return'])).toBe('calls of hmm_range_fault');
  expect(wordsOf(['task.exit', 'mm.drop'])).toBe(
    'exits of processes (sched_process_exit) or freed mm_structs (__mmdrop)',
  );
});
