/**
 * Probe definitions (Documentation/trace/kprobetrace.rst, fprobetrace.rst) into the format files the
 * kernel makes of them (kernel/trace/trace_probe.c, trace_kprobe.c), with the probed function.
 */
import { readFormat, type WriterFormat } from './kernel-formats.ts';

export interface Probe {
  readonly format: WriterFormat;
  /** The probed function, without module. */
  readonly function: string;
  readonly module: string | undefined;
  readonly isReturn: boolean;
}

/** The probes of the project's own recordings: core kernel functions, x86-64 and kernel 6.3 or later. */
export const SVM_PROBES: readonly string[] = [
  'p:svm/hmm_range_fault hmm_range_fault notifier=+0($arg1):x64 seq=+8($arg1):u64 start=+16($arg1):x64 end=+24($arg1):x64',
  'r:svm/hmm_range_fault_ret hmm_range_fault ret=$retval:s32',
  'p:svm/read_begin mmu_interval_read_begin mni=$arg1:x64 start=+24($arg1):x64 last=+32($arg1):x64',
  'r:svm/read_begin_ret mmu_interval_read_begin seq=$retval:u64',
  'p:svm/mni_insert mmu_interval_notifier_insert mni=$arg1:x64 mm=$arg2:x64 start=$arg3:x64 len=$arg4:x64',
  'r:svm/mni_insert_ret mmu_interval_notifier_insert ret=$retval:s32',
  'p:svm/mni_remove mmu_interval_notifier_remove mni=$arg1:x64 mm=+56($arg1):x64',
  'p:svm/inval_start __mmu_notifier_invalidate_range_start mm=+0($arg1):x64 start=+8($arg1):x64 end=+16($arg1):x64 flags=+24($arg1):u32 event=+28($arg1):u32',
  'r:svm/inval_start_ret __mmu_notifier_invalidate_range_start ret=$retval:s32',
  'p:svm/inval_end __mmu_notifier_invalidate_range_end mm=+0($arg1):x64 start=+8($arg1):x64 end=+16($arg1):x64',
  'p:svm/mm_release __mmu_notifier_release mm=$arg1:x64',
  'p:svm/fence_signal dma_fence_signal_timestamp_locked fence=$arg1:x64 context=+32($arg1):u64 seqno=+40($arg1):u64 flags=+48($arg1):x64 error=+60($arg1):s32',
];

/** A driver's own functions as those recordings probe them. */
export const DRIVER_PROBES: readonly string[] = [
  'p:svm/drv_inval svmlab:sl_invalidate mni=$arg1:x64 mm=+0($arg2):x64 start=+8($arg2):x64 end=+16($arg2):x64 event=+28($arg2):u32 seq=$arg3:u64',
  'r:svm/drv_inval_ret svmlab:sl_invalidate ret=$retval:u8',
  'p:svm/gpu_fault svmlab:svmlab_gpu_fault pasid=$arg1:u32 addr=$arg2:x64 npages=$arg3:u64',
  'r:svm/gpu_fault_ret svmlab:svmlab_gpu_fault ret=$retval:s32',
];

/** Field type and print directive of each fetch-argument type (trace_probe.c, PRINT_TYPE_FMT). */
const TYPES: Readonly<
  Record<string, { readonly c: string; readonly size: number; readonly fmt: string }>
> = {
  u8: { c: 'u8', size: 1, fmt: '%u' },
  u16: { c: 'u16', size: 2, fmt: '%u' },
  u32: { c: 'u32', size: 4, fmt: '%u' },
  u64: { c: 'u64', size: 8, fmt: '%Lu' },
  s8: { c: 's8', size: 1, fmt: '%d' },
  s16: { c: 's16', size: 2, fmt: '%d' },
  s32: { c: 's32', size: 4, fmt: '%d' },
  s64: { c: 's64', size: 8, fmt: '%Ld' },
  x8: { c: 'u8', size: 1, fmt: '0x%x' },
  x16: { c: 'u16', size: 2, fmt: '0x%x' },
  x32: { c: 'u32', size: 4, fmt: '0x%x' },
  x64: { c: 'u64', size: 8, fmt: '0x%Lx' },
  symbol: { c: 'u64', size: 8, fmt: '%pS' },
  string: { c: '__data_loc char[]', size: 4, fmt: '\\"%s\\"' },
};

const COMMON_FIELDS =
  '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n' +
  '\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n' +
  '\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n' +
  '\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n';

/** One line of kprobe_events or dynamic_events (`p:`, `r:`, `r16:`, `f:`) as the event it makes. */
export function probe(definition: string, id: number, longSize: 4 | 8): Probe {
  const parts =
    /^([prf])\d*:([\w-]+)\/(\w+)\s+(?:(\w+):)?([\w.]+?)(%return)?(?:\+0)?(?:\s+(.*))?$/.exec(
      definition.trim(),
    );
  if (!parts) throw new Error(`no probe definition: ${definition}`);
  const [, letter, system = '', name = '', module, probed = '', percentReturn, args = ''] = parts;
  const isReturn = letter === 'r' || percentReturn !== undefined;
  const where = isReturn ? ['__probe_func', '__probe_ret_ip'] : ['__probe_ip'];
  let offset = 8;
  const lines: string[] = [];
  const add = (type: string, field: string, size: number): void => {
    const signed = /^s\d/.test(type) ? 1 : 0;
    lines.push(`\tfield:${type} ${field};\toffset:${offset};\tsize:${size};\tsigned:${signed};\n`);
    offset += size;
  };
  for (const field of where) add('unsigned long', field, longSize);
  const print: string[] = [isReturn ? '(%lx <- %lx)' : '(%lx)'];
  const values = where.map((field) => `REC->${field}`);
  args
    .split(/\s+/)
    .filter(Boolean)
    .forEach((arg, index) => {
      const [, given, typeName = 'x64'] = /^(?:(\w+)=)?.*?(?::(\w+))?$/.exec(arg) ?? [];
      const type = TYPES[typeName];
      if (!type) throw new Error(`unknown type ${typeName} in: ${definition}`);
      const field = given ?? `arg${index + 1}`;
      add(type.c, field, type.size);
      print.push(`${field}=${type.fmt}`);
      values.push(
        typeName === 'string'
          ? `__get_str(${field})`
          : typeName === 'symbol'
            ? `(void *)REC->${field}`
            : `REC->${field}`,
      );
    });
  const text = `name: ${name}\nID: ${id}\nformat:\n${COMMON_FIELDS}${lines.join('')}\nprint fmt: "${print.join(' ')}", ${values.join(', ')}\n`;
  return { format: readFormat(system, text), function: probed, module, isReturn };
}
