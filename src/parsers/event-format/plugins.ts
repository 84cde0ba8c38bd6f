import type { Fields } from '../parser.ts';
import type { Scope } from './evaluate.ts';
import { CallStacks, graphCall, graphReturn } from './function-tracer.ts';
import { int32, type Unsigned, unsignedOf } from './integer.ts';
import { numberField } from './number-field.ts';
import type { Plugin } from './plugin.ts';
import { KVM_PLUGINS } from './plugins-kvm.ts';
import type { PrintEnvironment } from './print-environment.ts';

/** The task states that plugin_sched_switch.c names, by bit. */
const TASK_STATES = 'SDTtZXxW';

function stateLetters(state: Unsigned): string {
  const bits = int32(state);
  const letters = [...TASK_STATES].filter((_, bit) => ((bits >> bit) & 1) === 1);
  return letters.join('|') || 'R';
}

function taskName(fields: Fields, name: string): string {
  const comm = fields[name];
  return typeof comm === 'string' ? `${comm}:` : '';
}

const schedSwitch: Plugin = (scope) => {
  const previous = numberField(scope, 'prev_pid');
  const next = numberField(scope, 'next_pid');
  if (!previous || !next) return undefined;
  const previousPriority = numberField(scope, 'prev_prio');
  const nextPriority = numberField(scope, 'next_prio');
  const state = numberField(scope, 'prev_state');
  return (fields) => {
    const before = previousPriority ? `[${int32(previousPriority(fields))}] ` : '';
    const after = nextPriority ? ` [${int32(nextPriority(fields))}]` : '';
    const left = `${taskName(fields, 'prev_comm')}${previous(fields)} ${before}`;
    const letters = state ? stateLetters(state(fields)) : '';
    return `${left}${letters} ==> ${taskName(fields, 'next_comm')}${next(fields)}${after}`;
  };
};

const schedWakeup: Plugin = (scope) => {
  const pid = numberField(scope, 'pid');
  if (!pid) return undefined;
  const priority = numberField(scope, 'prio');
  const success = numberField(scope, 'success');
  const cpu = numberField(scope, 'target_cpu');
  return (fields) => {
    let text = `${taskName(fields, 'comm')}${pid(fields)}`;
    if (priority) text += ` [${priority(fields)}]`;
    if (success) text += ` success=${success(fields)}`;
    if (cpu) text += ` CPU:${String(cpu(fields)).padStart(3, '0')}`;
    return text;
  };
};

/** The allocation's caller before what the event prints itself. */
const callSite: Plugin = (scope, pretty) => {
  const caller = numberField(scope, 'call_site');
  if (!caller) return undefined;
  return (fields) => {
    const symbol = scope.environment.symbol(caller(fields));
    const place = symbol ? `(${symbol.name}+0x${symbol.offset.toString(16)}) ` : '';
    return place + pretty(fields);
  };
};

/** The plugin's table ends before TLB_REMOTE_SEND_IPI (4), so that reason stays without a name. */
const TLB_FLUSH_REASONS = [
  'flush on task switch',
  'remote shootdown',
  'local shootdown',
  'local mm shootdown',
];

const tlbFlush: Plugin = (scope) => {
  const reason = numberField(scope, 'reason');
  const pages = numberField(scope, 'pages');
  if (!reason || !pages) return undefined;
  return (fields) => {
    const number = reason(fields);
    const name = TLB_FLUSH_REASONS[Number(number)] ?? '';
    return `pages=${BigInt.asIntN(64, BigInt(pages(fields)))} reason=${name} (${number})`;
  };
};

/** The plugin states how far the symbol's start is from the address, which wraps below 0. */
function callbackText(address: Unsigned, symbol: PrintEnvironment['symbol']): string {
  const known = symbol(address);
  if (!known) return `0x${address.toString(16).padStart(8, '0')}`;
  return `${known.name}/0x${BigInt.asUintN(64, -BigInt(known.offset)).toString(16)}`;
}

function hrtimerText(scope: Scope, names: readonly string[], functionLast: boolean) {
  const timer = numberField(scope, 'timer') ?? numberField(scope, 'hrtimer');
  const callback = numberField(scope, 'function');
  const times = names.map((name) => [name, numberField(scope, name)] as const);
  if (!timer || times.some(([, read]) => !read)) return undefined;
  return (fields: Fields) => {
    const handler = callback
      ? ` function=${callbackText(callback(fields), scope.environment.symbol)}`
      : '';
    const stamps = times.map(([name, read]) => ` ${name}=${read?.(fields) ?? 0}`).join('');
    const start = `hrtimer=0x${timer(fields).toString(16)}`;
    return functionLast ? start + stamps + handler : start + handler + stamps;
  };
}

/** struct fields of plugin_futex.c: what each futex operation uses, `x` as address, `u` as number. */
const FUTEX_OPERATIONS: readonly (readonly [name: string, uses: string])[] = [
  ['FUTEX_WAIT', 'val:x utime:x'],
  ['FUTEX_WAKE', 'val:u'],
  ['FUTEX_FD', 'val:u'],
  ['FUTEX_REQUEUE', 'val:u val2:u uaddr2:x'],
  ['FUTEX_CMP_REQUEUE', 'val:u val2:u uaddr2:x val3:x'],
  ['FUTEX_WAKE_OP', 'val:u val2:u uaddr2:x val3:x'],
  ['FUTEX_LOCK_PI', 'utime:x'],
  ['FUTEX_UNLOCK_PI', ''],
  ['FUTEX_TRYLOCK_PI', ''],
  ['FUTEX_WAIT_BITSET', 'val:x utime:x val3:x'],
  ['FUTEX_WAKE_BITSET', 'val:u val3:x'],
  ['FUTEX_WAIT_REQUEUE_PI', 'val:x utime:x uaddr2:x val3:x'],
  ['FUTEX_CMP_REQUEUE_PI', 'val:u val2:u uaddr2:x val3:x'],
];

const FUTEX_PRIVATE_FLAG = 128;
const FUTEX_CLOCK_REALTIME = 256;

const futex: Plugin = (scope, pretty) => {
  const names = ['uaddr', 'op', 'val', 'utime', 'uaddr2', 'val3'];
  if (names.some((name) => !numberField(scope, name))) return undefined;
  const read = (fields: Fields, name: string) =>
    // val2 is the same argument as utime.
    numberField(scope, name === 'val2' ? 'utime' : name)?.(fields) ?? 0;
  return (fields) => {
    const op = int32(read(fields, 'op'));
    const [name, uses] = FUTEX_OPERATIONS[op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)] ?? [];
    if (name === undefined || uses === undefined) return pretty(fields);
    const flags =
      (op & FUTEX_PRIVATE_FLAG ? '|FUTEX_PRIVATE_FLAG' : '') +
      (op & FUTEX_CLOCK_REALTIME ? '|FUTEX_CLOCK_REALTIME' : '');
    const shown = ['uaddr:x', ...uses.split(' ').filter((use) => use !== '')].map((use) => {
      const [argument = '', form] = use.split(':');
      const value = read(fields, argument);
      const text = form === 'x' ? `0x${value.toString(16).padStart(8, '0')}` : String(value);
      return ` ${argument}=${text}`;
    });
    return `op=${name}${flags}${shown.join('')}`;
  };
};

/** `=> name (address)` per frame; -1 ends a stack shorter than its record. */
const kernelStack: Plugin = (scope) => (fields) => {
  let text = '<stack trace >\n';
  const { layout, symbol } = scope.environment;
  for (const caller of (fields.caller as readonly (number | bigint)[] | undefined) ?? []) {
    const address = unsignedOf(caller, layout.longSize);
    if (int32(address) === -1) break;
    const name = symbol(address)?.name;
    text +=
      name === undefined
        ? `=> ${address.toString(16)}\n`
        : `=> ${name} (${address.toString(16)})\n`;
  }
  return text;
};

const rawData: Plugin = () => (fields) => {
  const bytes = fields.buf instanceof Uint8Array ? fields.buf : new Uint8Array(0);
  const id = (fields.id as Unsigned | undefined) ?? 0;
  const data = Array.from(bytes, (byte) => ` ${byte.toString(16).padStart(2, '0')}`);
  return `# ${id.toString(16)}${data.join('')}`;
};

/** One line on its own has no caller to be indented under; see TraceCmdLines for the others. */
const functionEntry: Plugin = (scope) => (fields) =>
  new CallStacks().print(fields, 0, scope.environment.symbol);

/** By `system:name`. */
export const PLUGINS: Readonly<Record<string, Plugin>> = {
  'sched:sched_switch': schedSwitch,
  'sched:sched_wakeup': schedWakeup,
  'sched:sched_wakeup_new': schedWakeup,
  'kmem:kfree': callSite,
  'kmem:kmalloc': callSite,
  'kmem:kmalloc_node': callSite,
  'kmem:kmem_cache_alloc': callSite,
  'kmem:kmem_cache_alloc_node': callSite,
  'kmem:kmem_cache_free': callSite,
  'tlb:tlb_flush': tlbFlush,
  'timer:hrtimer_expire_entry': (scope) => hrtimerText(scope, ['now'], true),
  'timer:hrtimer_start': (scope) => hrtimerText(scope, ['expires', 'softexpires'], false),
  'syscalls:sys_enter_futex': futex,
  'ftrace:kernel_stack': kernelStack,
  'ftrace:raw_data': rawData,
  'ftrace:function': functionEntry,
  'ftrace:funcgraph_entry': (scope) => (fields) => graphCall(fields, scope.environment.symbol),
  'ftrace:funcgraph_exit': () => graphReturn,
  ...KVM_PLUGINS,
};
