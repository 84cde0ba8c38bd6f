import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import Papa from 'papaparse';
import { TraceError } from '../../errors.ts';

const CHUNK_BYTES = 1024 * 1024;
/** An open quote takes in all that follows: a longer row is damage. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly code: string }[];
  readonly meta: { readonly cursor: number };
}

/** Told of what is not given out. */
export interface RowTrouble {
  /** Rows were left out because one of them does not end. */
  tooLong(): void;
  /** The last row breaks off. */
  cut(): void;
}

/** The rows of a CSV file of any size, a chunk at a time; it can be walked more than once. */
export class CsvRows {
  readonly size: number;
  /** Bytes read in the walk that is under way. */
  consumed = 0;
  #fd: number | undefined;

  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r');
      this.size = fstatSync(this.#fd).size;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TraceError(`cannot open ${path}: ${why}`, { cause: error });
    }
  }

  *walk(trouble: RowTrouble): Generator<string[], void, undefined> {
    const decoder = new StringDecoder('utf8');
    const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
    this.consumed = 0;
    let text = '';
    let width = 0;
    let newline: '\n' | '\r\n' | undefined;
    for (let got = this.#read(bytes); got > 0; got = this.#read(bytes)) {
      if (this.consumed === 0 && bytes.subarray(0, 3).toString('latin1') === BYTE_ORDER_MARK) {
        text = decoder.write(bytes.subarray(3, got));
      } else {
        text += decoder.write(bytes.subarray(0, got));
      }
      this.consumed += got;
      newline ??= newlineOf(text);
      const { data, meta } = parse(text, newline, true);
      width ||= data[0]?.length ?? 0;
      yield* data;
      text = text.slice(meta.cursor);
      if (text.length < MOST_CHARACTERS) continue;
      trouble.tooLong();
      text = text.slice(text.lastIndexOf('\n') + 1);
      // one line alone may be as long
      if (text.length >= MOST_CHARACTERS) text = '';
    }
    yield* lastRows(text + decoder.end(), width, newline, trouble);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #read(bytes: Buffer): number {
    return this.#fd === undefined ? 0 : readSync(this.#fd, bytes, 0, bytes.length, this.consumed);
  }
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** The rest of a file; a row that breaks off is told by its open quote or its missing cells. */
function* lastRows(
  text: string,
  width: number,
  newline: '\n' | '\r\n' | undefined,
  trouble: RowTrouble,
): Generator<string[], void, undefined> {
  if (text === '') return;
  const { data, errors } = parse(text, newline, false);
  const cells = data.at(-1)?.length ?? width;
  if (cells < width || errors.some(({ code }) => code === 'MissingQuotes')) {
    data.pop();
    trouble.cut();
  }
  yield* data;
}

function parse(text: string, newline: '\n' | '\r\n' | undefined, ignoreLast: boolean): Parsed {
  const parser = new Papa.Parser({ delimiter: ',', ...(newline ? { newline } : {}) });
  return parser.parse(text, 0, ignoreLast) as Parsed;
}

/** How the heading ends. */
function newlineOf(text: string): '\n' | '\r\n' | undefined {
  const feed = text.indexOf('\n');
  if (feed < 0) return undefined;
  return text[feed - 1] === '\r' ? '\r\n' : '\n';
}
