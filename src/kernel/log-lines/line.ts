/** What stands in front of a message: whose it is, and who printed it. */
export interface LogLine {
  /** The message behind everything that names device, driver and function. */
  readonly body: string;
  /** As `pciAddress` writes it, or the name as printed. */
  readonly device: string | undefined;
  /** Driver of the device (`dev_printk`), or the module that prefixes its messages with its name. */
  readonly driver: string | undefined;
  /** Function that printed it: `[drm:FUNCTION [module]]`. */
  readonly function: string | undefined;
  /** Without the time in front. */
  readonly text: string;
}

/*
 *  <4>[   12.345678][  T340] amdgpu 0000:03:00.0: amdgpu: [drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring …
 *  level  time       caller  driver device        module  tag                               tag     body
 */
const LEVEL_TIME_CALLER =
  /^(?:<\d+>)?(?:\[[\s\u00a0]*\d+\.\d+\](?:[ \u00a0]*\[[ \u00a0]*[TC]\d+\])?[ \u00a0]?)?/;
const BDF = '(?:[\\da-fA-F]{4,8}:)?[\\da-fA-F]{2}:[\\da-fA-F]{2}\\.[0-7]';
/** dev_printk: driver and device; drm on FreeBSD has only the device. Platform devices have a dot. */
const DEVICE = new RegExp(
  `^(?:([\\w-]+) (${BDF}|[\\w,@-]+\\.[\\w.,@-]+|ivhd\\d+|kfd)|(drmn\\d+|${BDF})): `,
);
const MODULE = /^(amdgpu|amdkfd|kfd|xe|i915|nouveau|radeon|amdxdna): /;
const DRM = /^\[drm(?:(?: ERROR)? ?:(\w+)(?: \[(\w+)\])?)?\] ?/;
const ERROR_MARK = /^\*ERROR\* /;

/** The kernel prints no more of a line (LOG_LINE_MAX is 1 KiB); what is longer is no line of the kernel. */
const LONGEST = 4096;

/** The lines of one printk record; those after the first belong to the first's device. */
export function logLines(message: string): LogLine[] {
  const [head = '', ...rest] = message.split('\n');
  const first = logLine(head);
  const lines = [first];
  for (const text of rest) {
    if (text.trim() === '') continue;
    const line = logLine(text);
    lines.push(
      line.device === undefined && first.device !== undefined
        ? {
            body: line.body,
            device: first.device,
            driver: first.driver,
            function: line.function,
            text: line.text,
          }
        : line,
    );
  }
  return lines;
}

export function logLine(printed: string): LogLine {
  const text = printed.slice(0, LONGEST).replace(LEVEL_TIME_CALLER, '').trim();
  let body = text;
  let device: string | undefined;
  let driver: string | undefined;
  let name: string | undefined;
  for (;;) {
    const before = body.length;
    const dev = device === undefined ? DEVICE.exec(body) : null;
    if (dev) {
      device = pciAddress(dev[2] ?? dev[3] ?? '');
      driver ??= dev[1];
      body = body.slice(dev[0].length);
    }
    const module = MODULE.exec(body);
    if (module) {
      driver ??= module[1];
      body = body.slice(module[0].length);
    }
    const drm = DRM.exec(body);
    if (drm) {
      name ??= drm[1];
      driver ??= drm[2];
      body = body.slice(drm[0].length);
    }
    body = body.replace(ERROR_MARK, '').trimStart();
    if (body.length === before) break;
  }
  return { body, device, driver, function: name, text };
}

/** `5:00.0`-like addresses with their domain, in lower case; other names as they are. */
export function pciAddress(device: string): string {
  const short = /^(?:0x)?([\da-f]{2}):(?:0x)?([\da-f]{2})\.(?:0x)?([0-7])$/i.exec(device);
  if (short) return `0000:${short[1]}:${short[2]}.${short[3]}`.toLowerCase();
  return /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/i.test(device)
    ? device.toLowerCase()
    : device;
}
