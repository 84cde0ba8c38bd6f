import { closeSync, openSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

/** As SQLite's default. */
export const PAGE_SIZE = 4096;

/** SQLite locks bytes of this page and never uses it. */
const LOCK_PAGE = 2 ** 30 / PAGE_SIZE + 1;
/** Place of the number of pages in the header of a database. */
const PAGES_AT = 28;
const CHUNK_PAGES = 256;

/**
 * A database file that grows by pages SQLite knows nothing of yet: it has its header and an empty
 * schema, and is not open elsewhere while pages are added.
 */
export class PageFile {
  readonly path: string;
  readonly #fd: number;
  readonly #chunk: Buffer = Buffer.alloc(CHUNK_PAGES * PAGE_SIZE);
  /** Number of the first page in the chunk; page 1 has the header. */
  #chunkStart = 2;
  #inChunk = 0;

  constructor(path: string) {
    this.path = path;
    const db = new Database(path);
    // the file is made anew after a crash: nothing is worth a journal and two syncs
    db.unsafeMode();
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma(`page_size = ${PAGE_SIZE}`);
    db.pragma('user_version = 1');
    db.close();
    this.#fd = openSync(path, 'r+');
  }

  /** Appends a copy of the page; gives its number in the database. */
  add(page: Uint8Array): number {
    if (this.#chunkStart + this.#inChunk === LOCK_PAGE) this.#put(new Uint8Array(PAGE_SIZE));
    return this.#put(page);
  }

  /** Makes the added pages part of the database, so that SQLite goes on behind them. */
  finish(): void {
    this.#writeChunk();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(this.#chunkStart - 1);
    writeFully(this.#fd, header, PAGES_AT);
  }

  /** Writes over a page that is there already. */
  replace(number: number, page: Uint8Array): void {
    writeFully(this.#fd, page, (number - 1) * PAGE_SIZE);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #put(page: Uint8Array): number {
    this.#chunk.set(page, this.#inChunk * PAGE_SIZE);
    this.#inChunk += 1;
    const number = this.#chunkStart + this.#inChunk - 1;
    if (this.#inChunk === CHUNK_PAGES) this.#writeChunk();
    return number;
  }

  #writeChunk(): void {
    const bytes = this.#chunk.subarray(0, this.#inChunk * PAGE_SIZE);
    writeFully(this.#fd, bytes, (this.#chunkStart - 1) * PAGE_SIZE);
    this.#chunkStart += this.#inChunk;
    this.#inChunk = 0;
  }
}

/** A disk that is nearly full may take only a part at first. */
function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
