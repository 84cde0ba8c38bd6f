/** How the recorded kernel lays out a ring-buffer page, from tracefs events/header_page. */
export interface PageLayout {
  /** Bytes of a kernel long: the size of `commit`. */
  readonly longSize: 4 | 8;
  /** Where the events start. */
  readonly dataOffset: number;
  /** Bytes of a sub-buffer as header_page states it; undefined when it does not. */
  readonly pageSize: number | undefined;
}

export function readPageLayout(headerPage: string, userLongSize: number): PageLayout {
  const commit = /commit;\s*offset:\d+;\s*size:(\d+);/.exec(headerPage)?.[1];
  const data = /char\s+data;\s*offset:(\d+);\s*size:(\d+);/.exec(headerPage);
  // The header's own long size is user space's: a 32-bit trace-cmd may run on a 64-bit kernel.
  const longSize = Number(commit ?? userLongSize) === 4 ? 4 : 8;
  const dataOffset = Number(data?.[1] ?? 8 + longSize);
  const sane = dataOffset === 8 + longSize;
  return {
    longSize,
    dataOffset: sane ? dataOffset : 8 + longSize,
    pageSize: data && sane ? dataOffset + Number(data[2]) : undefined,
  };
}
