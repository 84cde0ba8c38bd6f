const BOOT = /^-- (?:Boot ([0-9a-f]{32})|Reboot) --/;
const FOLD =
  /^[\s>|]*(?:\.{3,}|…+|\[(?:\.{2,}|…|snip(?:ped)?)\]|<snip(?:ped)?>|-+ ?(?:snip|8<) ?-+)\s*$/i;
/** Nothing but quoting, or what frames a log on a page of the web. */
const BLANK = /^[\s>|]*(?:[`~]{3,}\w*|<\/?(?:pre|code|details|summary)>)?\s*$/i;
/** `-- Journal begins at …`, explanations of journalctl -x, the pager, an interruption. */
const HEADING = /^(?:-- |░░|lines \d+-\d+|\^C$)/;
/** What systemd writes to the console. */
const STATUS = /^\[(?: {2}OK {2}|FAILED|DEPEND| INFO | SKIP |[ *]{6})\] /;
/** A shell: `me@rig:~$ dmesg`, `[root@rig ~]# dmesg`, `$ dmesg`. */
const PROMPT = /^(?:\[?[\w.-]+@[\w.-]+[: ][^\]#$]{0,80}\]?)?[$#] ?\w/;

/** journalctl, where another boot begins. */
export function isBootMark(line: string): boolean {
  return BOOT.test(line);
}

export function bootIdOf(line: string): string | undefined {
  return BOOT.exec(line)?.[1];
}

/** Somebody left lines out here. */
export function isFold(line: string): boolean {
  return FOLD.test(line);
}

export function isBlank(line: string): boolean {
  return BLANK.test(line);
}

export function isHeading(line: string): boolean {
  return HEADING.test(line);
}

export function isStatus(line: string): boolean {
  return STATUS.test(line);
}

export function isPrompt(line: string): boolean {
  return PROMPT.test(line);
}
