import type { Facts } from '../text/dialect.ts';

/** The `#` lines ahead of a trace: print_trace_header of kernel/trace/trace.c. */
export function headComment(text: string, facts: Facts): void {
  const entries = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)\s+#P:(\d+)/.exec(text);
  if (entries) {
    facts.overwritten += Math.max(0, Number(entries[2]) - Number(entries[1]));
    facts.cpus = Math.max(facts.cpus, Number(entries[3]));
    facts.facts['entries in buffer'] = entries[1] as string;
    facts.facts['entries written'] = entries[2] as string;
    return;
  }
  const tracer = /^# tracer: (\S+)/.exec(text);
  if (tracer) facts.facts.tracer = tracer[1] as string;
  // `# nop latency trace v1.1.5 on 6.12.117-svmlab`
  const release = /^# \S+ latency trace v\S+ on (\S+)/.exec(text);
  if (release) facts.uname = `Linux (none) ${release[1]}`;
  const latency = /^# latency: \d+ us, #(\d+)\/(\d+),.*#P:(\d+)/.exec(text);
  if (latency) {
    facts.overwritten += Math.max(0, Number(latency[2]) - Number(latency[1]));
    facts.cpus = Math.max(facts.cpus, Number(latency[3]));
  }
}
