import type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  KernelSymbol,
  Loss,
  PrintStyle,
  Problem,
  ReadOptions,
} from '../parser.ts';

/** A capture with what is known of its wrapping. */
export class UnwrappedCapture implements Capture {
  readonly header: CaptureHeader;
  readonly tgid?: (tid: number) => number | undefined;
  readonly #inner: Capture;
  readonly #problems: readonly Problem[];

  constructor(
    inner: Capture,
    facts: Readonly<Record<string, string>>,
    problems: readonly Problem[],
  ) {
    this.#inner = inner;
    this.#problems = problems;
    this.header = { ...inner.header, facts: { ...facts, ...inner.header.facts } };
    if (inner.tgid) this.tgid = (tid) => inner.tgid?.(tid);
  }

  get counts(): readonly EventTypeCount[] {
    return this.#inner.counts;
  }

  get losses(): readonly Loss[] {
    return this.#inner.losses;
  }

  get problems(): readonly Problem[] {
    return [...this.#problems, ...this.#inner.problems];
  }

  batches(options?: ReadOptions): Iterable<EventBatch> {
    return this.#inner.batches(options);
  }

  comm(tid: number): string | undefined {
    return this.#inner.comm(tid);
  }

  symbol(address: number | bigint): KernelSymbol | undefined {
    return this.#inner.symbol(address);
  }

  print(type: EventType, fields: Fields, style?: PrintStyle): string {
    return this.#inner.print(type, fields, style);
  }

  close(): void {
    this.#inner.close();
  }
}
