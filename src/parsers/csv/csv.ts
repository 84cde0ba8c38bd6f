/**
 * Events as CSV (RFC 4180), what `svm-trace export --csv` writes: `ts,cpu,tid,comm,event,` and a
 * column per field. ts is in ns, or in seconds when it has a dot; event is `system:name`. An empty
 * cell is no value. A heading `name:string`, `:integer`, `:integers` (spaces between) or `:bytes`
 * (hexadecimal) says what its cells are; without, they are integers where all of an event type's are.
 */
import type { Parser } from '../parser.ts';
import { openCsv } from './csv-capture.ts';
import { COMMON } from './csv-columns.ts';

const START = `${COMMON.join(',')}`;
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

export const csv: Parser = {
  meta: { id: 'csv', title: 'CSV (ts,cpu,tid,comm,event,…)' },
  sniff(head) {
    const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
    const from = bytes.subarray(0, MARK.length).equals(MARK) ? MARK.length : 0;
    const text = bytes.toString('latin1', from, from + START.length + 1);
    return text.startsWith(START) && /^[,\r\n]?$/.test(text.slice(START.length));
  },
  open: openCsv,
};
