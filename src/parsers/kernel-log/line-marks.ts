const BOOT = /^-- (?:Boot ([0-9a-f]{32})|Reboot) --/;
const FOLD =
  /^[\s>|]*(?:\.{3,}|…+|\[(?:\.{2,}|…|snip(?:ped)?)\]|<snip(?:ped)?>|-+ ?(?:snip|8<) ?-+)\s*$/i;
const BLANK = /^[\s>|]*$/;

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
