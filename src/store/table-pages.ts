/**
 * The rows of one table as pages of a rowid b-tree (https://sqlite.org/fileformat2.html#b_tree_pages).
 * Rows come with ascending ids, so that a page is filled once and never touched again: per row this
 * costs a quarter of an INSERT.
 */
import { PAGE_SIZE, type PageFile } from './page-file.ts';
import { type RecordWriter, varintSize, writeVarint } from './record.ts';

const LEAF = 0x0d;
const INTERIOR = 0x05;
const LEAF_HEADER = 8;
const INTERIOR_HEADER = 12;
/** Longer records go on in overflow pages, which are not written here. */
const MAX_RECORD = PAGE_SIZE - 35;
/** Cells of an interior page: child, id and pointer, the id having at most 9 bytes. */
const CHILDREN = Math.floor((PAGE_SIZE - INTERIOR_HEADER) / (4 + 9 + 2));

export class TablePages {
  readonly #file: PageFile;
  readonly #page: Buffer = Buffer.alloc(PAGE_SIZE);
  #cells = 0;
  /** Where the cells begin; they are put in from the end of the page. */
  #content = PAGE_SIZE;
  #lastId = 0;
  /** Numbers of the finished leaves, and the largest id on each: a capture may have many. */
  readonly #leaves: number[] = [];
  readonly #lastIds: number[] = [];

  constructor(file: PageFile) {
    this.#file = file;
  }

  /** Adds a row; false if it is too long and has to be inserted by SQLite. */
  add(id: number, record: RecordWriter): boolean {
    if (id <= this.#lastId) throw new Error(`row ${id} comes after row ${this.#lastId}`);
    const { size } = record;
    if (size > MAX_RECORD) return false;
    const bytes = varintSize(size) + varintSize(id) + size;
    if (LEAF_HEADER + 2 * (this.#cells + 1) + bytes > this.#content) this.#finishLeaf();
    const page = this.#page;
    this.#content -= bytes;
    record.copyTo(page, writeVarint(page, writeVarint(page, this.#content, size), id));
    const pointer = LEAF_HEADER + 2 * this.#cells;
    page[pointer] = this.#content >> 8;
    page[pointer + 1] = this.#content;
    this.#cells += 1;
    this.#lastId = id;
    return true;
  }

  /** Adds all pages but the root to the file; gives the root, undefined when there are no rows. */
  finish(): Uint8Array | undefined {
    if (this.#cells === 0) return undefined;
    if (this.#leaves.length === 0) {
      this.#writeHeader();
      return this.#page;
    }
    this.#finishLeaf();
    let children = this.#leaves.map((leaf, n): Child => [leaf, this.#lastIds[n] ?? 0]);
    while (children.length > CHILDREN) {
      children = evenGroups(children).map(
        (group): Child => [this.#file.add(interiorPage(group)), group.at(-1)?.[1] ?? 0],
      );
    }
    return interiorPage(children);
  }

  #finishLeaf(): void {
    this.#writeHeader();
    this.#leaves.push(this.#file.add(this.#page));
    this.#lastIds.push(this.#lastId);
    this.#page.fill(0);
    this.#cells = 0;
    this.#content = PAGE_SIZE;
  }

  #writeHeader(): void {
    this.#page[0] = LEAF;
    this.#page.writeUInt16BE(this.#cells, 3);
    this.#page.writeUInt16BE(this.#content, 5);
  }
}

/** Number of a page in the database, and the largest id on or below it. */
type Child = readonly [page: number, lastId: number];

/** As few groups as possible, none of them with a single child: that would be a page without cells. */
function evenGroups(children: readonly Child[]): Child[][] {
  const groups = Math.ceil(children.length / CHILDREN);
  return Array.from({ length: groups }, (_, n) =>
    children.slice(
      Math.round((n * children.length) / groups),
      Math.round(((n + 1) * children.length) / groups),
    ),
  );
}

/** All children but the last have a cell; the last is the right-most pointer. */
function interiorPage(children: readonly Child[]): Uint8Array {
  const page = Buffer.alloc(PAGE_SIZE);
  let content = PAGE_SIZE;
  children.slice(0, -1).forEach(([child, lastId], n) => {
    content -= 4 + varintSize(lastId);
    page.writeUInt32BE(child, content);
    writeVarint(page, content + 4, lastId);
    page.writeUInt16BE(content, INTERIOR_HEADER + 2 * n);
  });
  page[0] = INTERIOR;
  page.writeUInt16BE(children.length - 1, 3);
  page.writeUInt16BE(content, 5);
  page.writeUInt32BE(children.at(-1)?.[0] ?? 0, 8);
  return page;
}
