/** What the kernel itself prints for the idle threads, which all have tid 0. */
const IDLE = '<idle>';

/** saved_cmdlines: a line `tid comm` each; a comm may hold spaces. */
export function parseCmdlines(text: string): Map<number, string> {
  const comms = new Map<number, string>([[0, IDLE]]);
  for (const [, tid, comm = ''] of text.matchAll(/^ *(\d+) (.*)$/gm)) comms.set(Number(tid), comm);
  return comms;
}

/** saved_tgids: a line `tid tgid` each. */
export function parseTgids(text: string): Map<number, number> {
  const tgids = new Map<number, number>();
  for (const [, tid, tgid] of text.matchAll(/^ *(\d+) +(\d+)$/gm)) {
    tgids.set(Number(tid), Number(tgid));
  }
  return tgids;
}
