/** Lines with a prefix, or the fields of the journal's entries. */
export type Layout = 'lines' | 'json' | 'export' | 'verbose';

/** What the first megabyte of a log shows of how to read all of it. */
export interface LogStyle {
  readonly layout: Layout;
  readonly identifies: boolean;
  readonly identifiesBracketed: boolean;
  readonly isQuotedPrintable: boolean;
  /** Characters of the longest line with a prefix. */
  readonly widest: number;
  /** No line has a prefix. */
  readonly isBare: boolean;
  readonly isNewestFirst: boolean;
}
