import type { FieldValue } from '../parsers/parser.ts';
import { signedLong, word } from './arguments.ts';
import type { Word } from './occurrence.ts';
import { type Rule, rule, type Subsystem } from './subsystem.ts';

/** System calls that change mappings, make processes or talk to a device. */
const NAMES = [
  'brk',
  'clone',
  'clone3',
  'close',
  'exit_group',
  'fork',
  'ioctl',
  'madvise',
  'mmap',
  'mprotect',
  'mremap',
  'munmap',
  'pkey_mprotect',
  'process_madvise',
  'shmdt',
  'vfork',
];

function enter(name: string): Rule {
  return rule('syscall.enter', (fields, moment) => ({
    kind: 'syscall.enter',
    name,
    args: wordsOf(fields),
    ...moment,
  }));
}

function exit(name: string): Rule {
  return rule('syscall.exit', (fields, moment) => ({
    kind: 'syscall.exit',
    name,
    ret: signedLong(word(fields.ret)) ?? 0,
    ...moment,
  }));
}

/**
 * The fields are the arguments themselves, in order; `__syscall_nr` (`nr` on old kernels) leads. Text
 * recordings have the whole event beside them.
 */
function wordsOf(fields: Readonly<Record<string, FieldValue>>): Readonly<Record<string, Word>> {
  if (fields.payload === undefined) return fields as Readonly<Record<string, Word>>;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, Word][] =>
      typeof value === 'number' || typeof value === 'bigint' ? [[name, value]] : [],
    ),
  );
}

export const syscalls: Subsystem = {
  name: 'syscalls',
  events: Object.fromEntries(
    NAMES.flatMap((name) => [
      [`syscalls:sys_enter_${name}`, enter(name)],
      [`syscalls:sys_exit_${name}`, exit(name)],
    ]),
  ),
};
