import { describe, expect, it } from 'vitest';
import { parseFormat } from './format.ts';

const COMMON = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;

function format(fields: string, print = '"x"', name = 'some_event') {
  return parseFormat(
    `name: ${name}\nID: 42\nformat:\n${COMMON}\n${fields}\n\nprint fmt: ${print}\n`,
  );
}

function onlyField(line: string, print?: string, name?: string) {
  const { fields, problems } = format(line, print, name);
  expect(problems).toEqual([]);
  expect(fields).toHaveLength(1);
  return fields[0];
}

describe('parseFormat', () => {
  it('reads name, id, print format and keeps the common fields apart', () => {
    const parsed = format('	field:int a;	offset:8;	size:4;	signed:1;', '"a=%d", REC->a');
    expect(parsed).toMatchObject({ name: 'some_event', id: 42, printFormat: '"a=%d", REC->a' });
    expect(parsed.common.map(({ name }) => name)).toEqual([
      'common_type',
      'common_flags',
      'common_preempt_count',
      'common_pid',
    ]);
    expect(parsed.fields.map(({ name }) => name)).toEqual(['a']);
  });

  const cases: [line: string, expected: object][] = [
    [
      'field:const char * fmt;	offset:16;	size:8;	signed:0;',
      { name: 'fmt', kind: 'integer', long: true, typeName: 'const char *' },
    ],
    [
      'field:char comm[16];	offset:8;	size:16;	signed:0;',
      { kind: 'string', arrayLength: 16, elementSize: 1, storage: 'fixed' },
    ],
    [
      'field:__data_loc char[] driver;	offset:8;	size:4;	signed:1;',
      { name: 'driver', kind: 'string', storage: 'data_loc', totalSize: 4 },
    ],
    [
      'field:__rel_loc unsigned long[] mask;	offset:8;	size:4;	signed:0;',
      { name: 'mask', kind: 'integers', storage: 'rel_loc', elementSize: 8, long: true },
    ],
    [
      'field:__data_loc cpumask_t cpumask;	offset:8;	size:4;	signed:0;',
      { name: 'cpumask', kind: 'integers', storage: 'data_loc', long: true },
    ],
    [
      'field:unsigned long args[6];	offset:16;	size:48;	signed:0;',
      { name: 'args', kind: 'integers', elementSize: 8, arrayLength: 6, open: false },
    ],
    [
      'field:u8 addr[ETH_ALEN + 2];	offset:8;	size:8;	signed:0;',
      { name: 'addr', kind: 'bytes', elementSize: 1, arrayLength: 8 },
    ],
    [
      'field:uuid_t guid;	offset:8;	size:16;	signed:0;',
      { name: 'guid', kind: 'bytes', totalSize: 16 },
    ],
    [
      'field:u32 buf[];	offset:24;	size:0;	signed:0;',
      { name: 'buf', kind: 'integers', elementSize: 4, open: true },
    ],
    [
      'field:char buf;	offset:16;	size:0;	signed:0;',
      { name: 'buf', kind: 'string', open: true },
    ],
    [
      'field special:enum pipe pipe;	offset:8;	size:4;	signed:1;',
      { name: 'pipe', kind: 'integer', signed: true, elementSize: 4 },
    ],
    ['field:pid_t pid;	offset:8;	size:4;', { name: 'pid', signed: true }],
  ];
  it.each(cases)('%s', (line, expected) => {
    expect(onlyField(`	${line}`)).toMatchObject(expected);
  });

  it('names the second field of a name `name_2`, as amdgpu_vm_grab_id declares `ring`', () => {
    const { fields } = format(
      '	field:__data_loc char[] ring;	offset:8;	size:4;	signed:1;\n' +
        '	field:u32 ring;	offset:12;	size:4;	signed:0;',
    );
    expect(fields.map(({ name, recordedName }) => [name, recordedName])).toEqual([
      ['ring', 'ring'],
      ['ring_2', 'ring'],
    ]);
  });

  it('splits the locations of a string array of a probe', () => {
    const { fields } = format('	field:__data_loc char[] s[3];	offset:16;	size:12;	signed:0;');
    expect(fields.map(({ name, offset, totalSize }) => [name, offset, totalSize])).toEqual([
      ['s', 16, 4],
      ['s_2', 20, 4],
      ['s_3', 24, 4],
    ]);
  });

  it('takes char arrays that are printed as bytes for bytes', () => {
    const uuid = '	field:char uuid[16];	offset:8;	size:16;	signed:0;';
    expect(onlyField(uuid, '"%s", REC->uuid')).toMatchObject({ kind: 'string' });
    expect(onlyField(uuid, '"%d %pUb", 1, REC->uuid')).toMatchObject({ kind: 'bytes' });
    expect(onlyField(uuid, '"%s", __print_hex(REC->uuid, 4)')).toMatchObject({ kind: 'bytes' });
  });

  it('lets the stack of kernel_stack run to the end of the record', () => {
    const caller = '	field:unsigned long caller[8];	offset:16;	size:64;	signed:0;';
    expect(onlyField(caller, '"x"', 'kernel_stack')).toMatchObject({ open: true });
    expect(onlyField(caller, '"x"', 'user_stack')).toMatchObject({ open: false });
  });

  it('reads what it can of odd text and says what it could not', () => {
    const odd = parseFormat('name: x\nformat:\n	field:int a;	offset:x;	size:4;	signed:1;\n');
    expect(odd).toMatchObject({ name: 'x', id: -1, fields: [], printFormat: '' });
    expect(odd.problems).toEqual(['no ID', 'field int a']);
    expect(parseFormat('').problems).toEqual(['no name', 'no ID']);
  });
});
