/** Where a row of an object table is found, before its id. */
export function objectAnchor(kind: string): string {
  return `object-${kind}-`;
}

/** Where an object is found on the timeline, before its id. */
export function timelineAnchor(kind: string): string {
  return `timeline-${kind}-`;
}
