/** What the lifetimes know right now: look-ups shared between them. */
export interface LiveObjects {
  /** process.id a thread belongs to at this moment; undefined when its group is unknown. */
  processOf(tid: number): number | undefined;
}
