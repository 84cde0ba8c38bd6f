import type { Scope } from './evaluate.ts';
import { int32, type Unsigned } from './integer.ts';
import { numberField } from './number-field.ts';
import type { Plugin, Print } from './plugin.ts';

/** How libtraceevent's plugin_kvm.c prints the events of the kvm system. */

/** Exit reasons of VMX, arch/x86/include/uapi/asm/vmx.h. */
const VMX_REASONS: Readonly<Record<number, string>> = {
  0: 'EXCEPTION_NMI',
  1: 'EXTERNAL_INTERRUPT',
  2: 'TRIPLE_FAULT',
  7: 'PENDING_INTERRUPT',
  8: 'NMI_WINDOW',
  9: 'TASK_SWITCH',
  10: 'CPUID',
  12: 'HLT',
  13: 'INVD',
  14: 'INVLPG',
  15: 'RDPMC',
  16: 'RDTSC',
  18: 'VMCALL',
  19: 'VMCLEAR',
  20: 'VMLAUNCH',
  21: 'VMPTRLD',
  22: 'VMPTRST',
  23: 'VMREAD',
  24: 'VMRESUME',
  25: 'VMWRITE',
  26: 'VMOFF',
  27: 'VMON',
  28: 'CR_ACCESS',
  29: 'DR_ACCESS',
  30: 'IO_INSTRUCTION',
  31: 'MSR_READ',
  32: 'MSR_WRITE',
  36: 'MWAIT_INSTRUCTION',
  39: 'MONITOR_INSTRUCTION',
  40: 'PAUSE_INSTRUCTION',
  41: 'MCE_DURING_VMENTRY',
  43: 'TPR_BELOW_THRESHOLD',
  44: 'APIC_ACCESS',
  45: 'EOI_INDUCED',
  48: 'EPT_VIOLATION',
  49: 'EPT_MISCONFIG',
  50: 'INVEPT',
  52: 'PREEMPTION_TIMER',
  54: 'WBINVD',
  55: 'XSETBV',
  56: 'APIC_WRITE',
  58: 'INVPCID',
  62: 'PML_FULL',
  63: 'XSAVES',
  64: 'XRSTORS',
};

/** Exit codes of AMD's SVM, arch/x86/include/uapi/asm/svm.h; names as the plugin shortens them. */
const SVM_REASONS: Readonly<Record<number, string>> = {
  0: 'EXIT_READ_CR0',
  3: 'EXIT_READ_CR3',
  4: 'EXIT_READ_CR4',
  8: 'EXIT_READ_CR8',
  16: 'EXIT_WRITE_CR0',
  19: 'EXIT_WRITE_CR3',
  20: 'EXIT_WRITE_CR4',
  24: 'EXIT_WRITE_CR8',
  32: 'EXIT_READ_DR0',
  33: 'EXIT_READ_DR1',
  34: 'EXIT_READ_DR2',
  35: 'EXIT_READ_DR3',
  36: 'EXIT_READ_DR4',
  37: 'EXIT_READ_DR5',
  38: 'EXIT_READ_DR6',
  39: 'EXIT_READ_DR7',
  48: 'EXIT_WRITE_DR0',
  49: 'EXIT_WRITE_DR1',
  50: 'EXIT_WRITE_DR2',
  51: 'EXIT_WRITE_DR3',
  52: 'EXIT_WRITE_DR4',
  53: 'EXIT_WRITE_DR5',
  54: 'EXIT_WRITE_DR6',
  55: 'EXIT_WRITE_DR7',
  64: 'EXIT_EXCP_DE',
  65: 'EXIT_EXCP_DB',
  67: 'EXIT_EXCP_BP',
  68: 'EXIT_EXCP_OF',
  69: 'EXIT_EXCP_BR',
  70: 'EXIT_EXCP_UD',
  71: 'EXIT_EXCP_NM',
  72: 'EXIT_EXCP_DF',
  74: 'EXIT_EXCP_TS',
  75: 'EXIT_EXCP_NP',
  76: 'EXIT_EXCP_SS',
  77: 'EXIT_EXCP_GP',
  78: 'EXIT_EXCP_PF',
  80: 'EXIT_EXCP_MF',
  81: 'EXIT_EXCP_AC',
  82: 'EXIT_EXCP_MC',
  83: 'EXIT_EXCP_XF',
  96: 'EXIT_INTR',
  97: 'EXIT_NMI',
  98: 'EXIT_SMI',
  99: 'EXIT_INIT',
  100: 'EXIT_VINTR',
  101: 'EXIT_CR0_SEL_WRITE',
  102: 'EXIT_IDTR_READ',
  103: 'EXIT_GDTR_READ',
  104: 'EXIT_LDTR_READ',
  105: 'EXIT_TR_READ',
  106: 'EXIT_IDTR_WRITE',
  107: 'EXIT_GDTR_WRITE',
  108: 'EXIT_LDTR_WRITE',
  109: 'EXIT_TR_WRITE',
  110: 'EXIT_RDTSC',
  111: 'EXIT_RDPMC',
  112: 'EXIT_PUSHF',
  113: 'EXIT_POPF',
  114: 'EXIT_CPUID',
  115: 'EXIT_RSM',
  116: 'EXIT_IRET',
  117: 'EXIT_SWINT',
  118: 'EXIT_INVD',
  119: 'EXIT_PAUSE',
  120: 'EXIT_HLT',
  121: 'EXIT_INVLPG',
  122: 'EXIT_INVLPGA',
  123: 'EXIT_IOIO',
  124: 'EXIT_MSR',
  125: 'EXIT_TASK_SWITCH',
  126: 'EXIT_FERR_FREEZE',
  127: 'EXIT_SHUTDOWN',
  128: 'EXIT_VMRUN',
  129: 'EXIT_VMMCALL',
  130: 'EXIT_VMLOAD',
  131: 'EXIT_VMSAVE',
  132: 'EXIT_STGI',
  133: 'EXIT_CLGI',
  134: 'EXIT_SKINIT',
  135: 'EXIT_RDTSCP',
  136: 'EXIT_ICEBP',
  137: 'EXIT_WBINVD',
  138: 'EXIT_MONITOR',
  139: 'EXIT_MWAIT',
  140: 'EXIT_MWAIT_COND',
  141: 'EXIT_XSETBV',
  1024: 'EXIT_NPF',
  1025: 'EXIT_AVIC_INCOMPLETE_IPI',
  1026: 'EXIT_AVIC_UNACCELERATED_ACCESS',
};

const ISA_REASONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: VMX_REASONS,
  2: SVM_REASONS,
};

function hex(value: Unsigned): string {
  return value.toString(16);
}

function exitReason(scope: Scope, name: string): Print | undefined {
  const code = numberField(scope, name);
  const isa = numberField(scope, 'isa');
  if (!code) return undefined;
  return (fields) => {
    const reasons = ISA_REASONS[Number(isa?.(fields) ?? 1)];
    if (!reasons) return 'reason UNKNOWN-ISA';
    const known = reasons[int32(code(fields))];
    return `reason ${known ?? `UNKNOWN (${code(fields)})`}`;
  };
}

function kvmExit(scope: Scope): Print | undefined {
  const reason = exitReason(scope, 'exit_reason');
  const rip = numberField(scope, 'guest_rip');
  if (!reason || !rip) return undefined;
  const info1 = numberField(scope, 'info1');
  const info2 = numberField(scope, 'info2');
  return (fields) => {
    const info = info1 && info2 ? ` info ${hex(info1(fields))} ${hex(info2(fields))}` : '';
    return `${reason(fields)} rip 0x${hex(rip(fields))}${info}`;
  };
}

function kvmEntry(scope: Scope): Print | undefined {
  const vcpu = numberField(scope, 'vcpu_id');
  const rip = numberField(scope, 'rip');
  if (!vcpu || !rip) return undefined;
  return (fields) => ` vcpu ${int32(vcpu(fields)) >>> 0} rip 0x${hex(rip(fields))}`;
}

function nestedExit(scope: Scope): Print | undefined {
  const reason = exitReason(scope, 'exit_code');
  const labels = ['info1', 'info2', 'int_info', 'int_info_err'];
  const infos = labels.map((label) => [label, numberField(scope, `exit_${label}`)] as const);
  if (!reason || infos.some(([, read]) => !read)) return undefined;
  return (fields) =>
    reason(fields) + infos.map(([label, read]) => ` ${label} ${hex(read?.(fields) ?? 0)}`).join('');
}

function nestedExitAtRip(scope: Scope): Print | undefined {
  const rest = nestedExit(scope);
  const rip = numberField(scope, 'rip');
  if (!rest || !rip) return undefined;
  return (fields) => ` rip ${hex(rip(fields))}${rest(fields)}`;
}

/** Bytes of the instruction; the plugin disassembles only where it was built with udis86. */
function emulatedInstruction(scope: Scope): Print | undefined {
  const base = numberField(scope, 'csbase');
  const rip = numberField(scope, 'rip');
  const length = numberField(scope, 'len');
  const failed = numberField(scope, 'failed');
  if (!base || !rip || !length || !failed) return undefined;
  return (fields) => {
    const bytes = fields.insn instanceof Uint8Array ? fields.insn : new Uint8Array(0);
    const shown = Array.from(bytes.subarray(0, Number(length(fields))), (byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    const failure = failed(fields) === 0 ? '' : ' FAIL';
    return `${hex(base(fields))}:${hex(rip(fields))}: ${shown.join(' ')}${failure}`;
  };
}

export const KVM_PLUGINS: Readonly<Record<string, Plugin>> = {
  'kvm:kvm_exit': kvmExit,
  'kvm:kvm_entry': kvmEntry,
  'kvm:kvm_emulate_insn': emulatedInstruction,
  'kvm:kvm_nested_vmexit': nestedExitAtRip,
  'kvm:kvm_nested_vmexit_inject': nestedExit,
};
