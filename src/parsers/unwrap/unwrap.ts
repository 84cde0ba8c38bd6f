/**
 * Captures as they are kept and passed on: packed, or through a pipe. Parsers read at many places
 * of a file, so what is wrapped becomes a temporary file; nothing is held in memory.
 */
import type { Readable } from 'node:stream';
import { TraceError } from '../../errors.ts';
import type { Problem } from '../parser.ts';
import { type Bytes, type Damage, HEAD_BYTES, peek } from './bytes.ts';
import { type InputKind, inputStream } from './input.ts';
import { type LinePiece, linePieces } from './line-pieces.ts';
import { type LiveOptions, LiveStream, PIPE_SILENCE_MS } from './live-stream.ts';
import { type Packing, packingOf, ZIP } from './packings.ts';
import { TemporaryFile } from './temporary-file.ts';
import { zipMember } from './zip-member.ts';

/** Packed files in packed files, at most. */
const DEEPEST = 3;

const DAMAGE: Readonly<Record<Exclude<Damage, 'unsupported'>, string>> = {
  truncated: 'ends early; only what comes before is read',
  damaged: 'is damaged; some of it is missing or wrong',
  trailing: 'is followed by something else, which is left out',
};

export interface Unwrapped {
  /** The plain capture. */
  readonly file: TemporaryFile;
  /** For the capture's header. */
  readonly facts: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

export interface UnwrapOptions extends LiveOptions {
  /** Looks at the first bytes of the plain content; throws when it is not worth unpacking. */
  readonly accept: (head: Uint8Array, name: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks, or copies what can be read only once.
 * @throws TraceError when it cannot be unpacked; the signal's reason when that is aborted.
 */
export async function unwrap(
  path: string,
  kind: InputKind,
  options: UnwrapOptions,
): Promise<Unwrapped> {
  options.signal?.throwIfAborted();
  const unwrapping = new Unwrapping(path, kind, options);
  try {
    return await unwrapping.run();
  } catch (error) {
    throw unwrapping.asTraceError(error);
  } finally {
    await unwrapping.close();
  }
}

/**
 * As {@link unwrap}; a text that is slow in coming, of which each part is a capture of its own, is given
 * in parts, each to be removed by who asked for it.
 * @param isPartwise whether parts of a text that begins like this are captures
 */
export async function* unwrapParts(
  path: string,
  kind: InputKind,
  options: UnwrapOptions,
  isPartwise: (head: Uint8Array) => boolean,
): AsyncGenerator<Unwrapped, void, undefined> {
  options.signal?.throwIfAborted();
  const unwrapping = new Unwrapping(path, kind, options);
  try {
    yield* unwrapping.runParts(isPartwise);
  } catch (error) {
    throw unwrapping.asTraceError(error);
  } finally {
    await unwrapping.close();
  }
}

class Unwrapping {
  /** How the user knows it. */
  readonly name: string;
  readonly #path: string;
  readonly #kind: InputKind;
  readonly #options: UnwrapOptions;
  /** Outermost first. */
  readonly #layers: string[] = [];
  readonly #facts: Record<string, string> = {};
  readonly #problems: Problem[] = [];
  readonly #inputs: Readable[] = [];
  readonly #decoders: AsyncIterator<Uint8Array>[] = [];
  readonly #archives: TemporaryFile[] = [];

  constructor(path: string, kind: InputKind, options: UnwrapOptions) {
    this.#path = path;
    this.#kind = kind;
    this.#options = options;
    this.name = kind === 'standard input' ? kind : path;
    if (kind !== 'file') this.#facts['read from'] = kind;
  }

  async run(): Promise<Unwrapped> {
    const input = this.#input(inputStream(this.#path, this.#kind));
    const live = this.#kind === 'file' ? undefined : this.#live(input);
    return this.#unwrapAll(live ?? input, live);
  }

  async *runParts(
    isPartwise: (head: Uint8Array) => boolean,
  ): AsyncGenerator<Unwrapped, void, undefined> {
    const live = this.#live(this.#input(inputStream(this.#path, this.#kind)));
    const pieces = linePieces(live);
    const first = (await pieces.next()).value;
    if (!first) return;
    const head = first.bytes.subarray(0, HEAD_BYTES);
    if (!first.isPart || head.length === 0 || packingOf(head) || !isPartwise(head)) {
      yield await this.#unwrapAll(bytesOf(first, pieces), live);
      return;
    }
    for await (const { bytes } of chain(first, pieces)) {
      const file = await TemporaryFile.write(chain(bytes), this.name);
      if (live.wasFinished) await file.dropPartLine();
      yield { file, facts: this.#facts, problems: this.#problems };
    }
  }

  /** What is said to the user; the signal's reason where that was aborted. */
  asTraceError(error: unknown): unknown {
    const { signal } = this.#options;
    if (signal?.aborted) return signal.reason;
    if (error instanceof TraceError) return error;
    const why = error instanceof Error ? error.message : String(error);
    return new TraceError(`cannot read ${this.name}: ${why}`, { cause: error });
  }

  async #unwrapAll(input: Bytes, live: LiveStream | undefined): Promise<Unwrapped> {
    let { head, all } = await this.#peek(input);
    for (let packing = packingOf(head); packing; packing = packingOf(head)) {
      this.#refuseTooDeep(packing);
      this.#layers.push(packing.name);
      ({ head, all } = await this.#peek(await this.#unpack(packing, all)));
    }
    this.#check(head);
    if (this.#layers.length > 0) this.#facts.packed = this.#layers.toReversed().join(' in ');
    const file = await TemporaryFile.write(all, this.name);
    if (live?.wasFinished) {
      this.#facts['read from'] = `${this.#kind}, until interrupted`;
      // whoever writes was cut off in the middle of a line
      if (!head.includes(0)) await file.dropPartLine();
    }
    return { file, facts: this.#facts, problems: this.#problems };
  }

  async close(): Promise<void> {
    for (const input of this.#inputs) input.destroy();
    for (const decoder of this.#decoders) await decoder.return?.();
    for (const archive of this.#archives) archive.remove();
  }

  async #unpack(packing: Packing, packed: Bytes): Promise<Bytes> {
    const report = (damage: Damage) => this.#report(packing, damage);
    if (packing.unpack) return packing.unpack(packed, report);
    if (packing.name !== ZIP.name) {
      throw new TraceError(`${this.name} is packed with ${packing.name}`, {
        hint: `unpack it first: ${packing.command}`,
      });
    }
    const member = await zipMember(await this.#archive(packed), this.name);
    this.#facts.member = member.name;
    this.#input(member.packed);
    return member.unpack(report);
  }

  /** A zip archive has its table of contents at its end. */
  async #archive(packed: Bytes): Promise<string> {
    if (this.#kind === 'file' && this.#layers.length === 1) return this.#path;
    const file = await TemporaryFile.write(packed, this.name);
    this.#archives.push(file);
    return file.path;
  }

  #refuseTooDeep({ name, command }: Packing): void {
    const isTwiceXz = name === 'xz' && this.#layers.includes('xz');
    if (this.#layers.length < DEEPEST && !isTwiceXz) return;
    const often = isTwiceXz ? 'twice with xz' : `more than ${DEEPEST} times over`;
    throw new TraceError(`${this.name} is packed ${often}`, {
      hint: `unpack it first: ${command}`,
    });
  }

  #check(head: Uint8Array): void {
    const [problem] = this.#problems;
    try {
      this.#options.accept(head, this.name);
    } catch (error) {
      if (!problem) throw error;
      throw new TraceError(`${this.name} cannot be read: ${problem.message}`, {
        hint: 'copy it again',
        cause: error,
      });
    }
  }

  #report({ name, command }: Packing, damage: Damage): void {
    if (damage === 'unsupported') {
      throw new TraceError(
        `${this.name} is packed with a kind of ${name} svm-trace cannot unpack`,
        {
          hint: `unpack it first: ${command} (it needs more memory or another filter)`,
        },
      );
    }
    this.#problems.push({
      code: `${damage}-packing`,
      severity: 'data-loss',
      message: `the ${name} data ${DAMAGE[damage]}`,
      count: 1,
    });
  }

  #live(input: Readable): LiveStream {
    // nobody holds anything back of a trace file, and it may never be silent
    const silence = this.#kind === 'tracefs' ? 0 : PIPE_SILENCE_MS;
    return new LiveStream(input, this.#options, silence);
  }

  #input(input: Readable): Readable {
    this.#inputs.push(input);
    const { signal } = this.#options;
    signal?.addEventListener('abort', () => input.destroy(new Error('aborted')), { once: true });
    return input;
  }

  #peek(stream: Bytes) {
    const decoder = stream[Symbol.asyncIterator]();
    this.#decoders.push(decoder);
    return peek(decoder);
  }
}

async function* chain<T>(first: T, rest: AsyncIterable<T> = none()): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* none(): AsyncGenerator<never> {}

async function* bytesOf(first: LinePiece, rest: AsyncIterable<LinePiece>): AsyncGenerator<Buffer> {
  for await (const { bytes } of chain(first, rest)) yield bytes;
}
