/** A name the reader has to fill in: `<driver>:<invalidate callback>`. */
const PLACEHOLDER = /<[\w ]+>/;
/** `system:event`, as `trace-cmd record -e` takes it. */
const EVENT = /^[\w.-]+:[\w.*-]+$/;
/** A line of kprobe_events, `p:group/name function …` or `r:…` (Documentation/trace/kprobetrace.rst). */
const KPROBE = /^[pr]\d*:/;
/** A line of dynamic_events, `f:group/name …` (Documentation/trace/fprobetrace.rst). */
const FPROBE = /^f\d*:/;
const GROUP = /^[pfr]\d*:([\w-]+)\//;

/** Shell commands that enable what detectors asked for and record it until interrupted. */
export function recordingCommands(enable: readonly string[]): string {
  const complete = enable.filter((line) => !PLACEHOLDER.test(line));
  const events = complete.filter((line) => EVENT.test(line));
  const kprobes = complete.filter((line) => KPROBE.test(line) && !EVENT.test(line));
  const fprobes = complete.filter((line) => FPROBE.test(line) && !EVENT.test(line));
  const groups = new Set(
    [...kprobes, ...fprobes].map((line) => GROUP.exec(line)?.[1] ?? 'kprobes'),
  );
  const known = new Set([...events, ...kprobes, ...fprobes]);
  const selected = [...groups, ...events].map((name) => `-e ${quoted(name)}`);
  return [
    ...enable
      .filter((line) => !known.has(line))
      .map((line) => (PLACEHOLDER.test(line) ? `# name the <…>: ${line}` : `# ${line}`)),
    ...kprobes.map((line) => `echo ${quoted(line)} >> /sys/kernel/tracing/kprobe_events`),
    ...fprobes.map((line) => `echo ${quoted(line)} >> /sys/kernel/tracing/dynamic_events`),
    ...(selected.length > 0 ? [`trace-cmd record -C mono ${selected.join(' ')}`] : []),
  ].join('\n');
}

function quoted(text: string): string {
  return /^[\w:.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
