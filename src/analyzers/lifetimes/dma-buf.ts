import type { BufferCall } from '../../kernel/drm-occurrence.ts';
import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { CallStacks } from './call-stack.ts';
import { attachmentTable, bufferCallTable, dmaBufTable } from './dma-buf-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveDevice, Mark } from './live-objects.ts';
import { flag, lived, markOf } from './lived.ts';

/** Shared buffers, who imported them, and what is done with them. */
export const dmaBuf: Lifetime = {
  kind: 'dma-buf',
  tables: [dmaBufTable, attachmentTable, bufferCallTable],
  track: (context) => new DmaBufTracker(context),
};

/** Buffers kept where nothing tells that one is released; the oldest make room. */
const BUFFERS_MOST = 65536;

type Call = OccurrenceOf<BufferCall>;
type Return = OccurrenceOf<`${BufferCall}_return`>;

interface Buffer {
  readonly id: number;
  pointer: Word | undefined;
  inode: Word | undefined;
  exporter: string | undefined;
  device: LiveDevice | undefined;
  size: Word | undefined;
  ownerTid: number | undefined;
  ownerProcessId: number | undefined;
  exported: Mark | undefined;
  readonly attachments: Set<Attachment>;
}

interface Attachment {
  readonly id: number;
  readonly buffer: Buffer | undefined;
  pointer: Word | undefined;
  readonly device: Word | undefined;
  readonly deviceName: string | undefined;
  isDynamic: boolean | undefined;
  peer2peer: boolean | undefined;
  readonly tid: number;
  readonly processId: number | undefined;
  readonly attached: Mark | undefined;
  mapped: Mark | undefined;
  unmapped: Mark | undefined;
  moved: Mark | undefined;
}

interface Frame {
  readonly function: string;
  readonly kind: BufferCall;
  readonly start: Mark;
  buffer: Buffer | undefined;
  attachment: Attachment | undefined;
}

const ROWS: Readonly<Partial<Record<BufferCall, string>>> = {
  'dmabuf.map': 'map',
  'dmabuf.pin': 'pin',
  'dmabuf.access': 'access',
};

class DmaBufTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'dmabuf.export': (call) => this.#exported(call),
    'dmabuf.export_return': (call) => this.#exportReturned(call),
    'dmabuf.attach': (call) => {
      const attachment = this.#attach(call);
      if (call.attachment === undefined) this.#push(call, attachment.buffer, attachment);
    },
    'dmabuf.attach_return': (call) => {
      const frame = this.#stacks.pop(call.tid, call.function);
      if (frame?.attachment && call.ret === 0) this.#point(frame.attachment, call.pointer);
    },
    'dmabuf.detach': (call) => this.#detach(call),
    'dmabuf.map': (call) => this.#enter(call),
    'dmabuf.map_return': (call) => this.#leave(call),
    'dmabuf.unmap': (call) => {
      const attachment = this.#attachment(call);
      if (attachment?.mapped) attachment.unmapped = markOf(call);
    },
    'dmabuf.pin': (call) => this.#enter(call),
    'dmabuf.pin_return': (call) => this.#leave(call),
    'dmabuf.access': (call) => this.#enter(call),
    'dmabuf.access_return': (call) => this.#leave(call),
    'dmabuf.move': (call) => {
      for (const attachment of this.#buffer(call)?.attachments ?? []) {
        if (attachment.mapped && !attachment.unmapped) attachment.moved = markOf(call);
      }
    },
    'dmabuf.release': (call) => {
      const buffer = this.#buffer(call);
      if (buffer) this.#close(buffer, markOf(call));
    },
    'task.exit': (exit) => this.#stacks.clear(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #stacks = new CallStacks<Frame>();
  readonly #buffers = new Set<Buffer>();
  readonly #byPointer = new Map<Word, Buffer>();
  readonly #byInode = new Map<Word, Buffer>();
  readonly #attachments = new Map<Word, Attachment>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const frame of this.#stacks.all()) this.#emitCall(frame, undefined, 0);
    for (const buffer of [...this.#buffers]) this.#close(buffer, undefined);
  }

  #exported(call: Call): void {
    const outer = this.#stacks.of(call.tid).findLast(({ kind }) => kind === 'dmabuf.export');
    const named = call.inode !== undefined || call.buffer !== undefined;
    // the tracepoint inside a probed dma_buf_export tells of the same buffer
    if (outer && named) {
      outer.buffer ??= this.#create(call, outer.start);
      return;
    }
    const buffer = named ? this.#create(call, markOf(call)) : undefined;
    if (!named) this.#push(call, buffer, undefined);
  }

  #exportReturned(call: Return): void {
    const frame = this.#stacks.pop(call.tid, call.function);
    if (call.ret !== 0 || call.pointer === undefined) return;
    const known = this.#byPointer.get(call.pointer);
    // released unseen, its memory is a new buffer's
    if (known && known !== frame?.buffer) this.#close(known, undefined);
    const buffer = frame?.buffer ?? this.#create(call, frame?.start ?? markOf(call));
    buffer.pointer = call.pointer;
    this.#byPointer.set(call.pointer, buffer);
  }

  #create(by: Call | Return, exported: Mark | undefined): Buffer {
    const { live } = this.#context;
    const of = 'inode' in by ? by : undefined;
    const buffer: Buffer = {
      id: this.#context.nextId(dmaBufTable),
      pointer: of?.buffer,
      inode: of?.inode,
      exporter: of?.exporter,
      device: exported ? live.devicesInUse.get(by.tid) : undefined,
      size: of?.size,
      ownerTid: exported ? by.tid : undefined,
      ownerProcessId: exported ? live.processOf(by.tid)?.id : undefined,
      exported,
      attachments: new Set(),
    };
    this.#buffers.add(buffer);
    if (buffer.pointer !== undefined) this.#byPointer.set(buffer.pointer, buffer);
    if (buffer.inode !== undefined) this.#byInode.set(buffer.inode, buffer);
    const [oldest] = this.#buffers;
    if (this.#buffers.size > BUFFERS_MOST && oldest) this.#close(oldest, undefined);
    return buffer;
  }

  /** The buffer a call names; one exported before the capture is new to us. */
  #buffer(call: Call): Buffer | undefined {
    const { buffer: pointer, inode } = call;
    const known =
      (pointer === undefined ? undefined : this.#byPointer.get(pointer)) ??
      (inode === undefined ? undefined : this.#byInode.get(inode));
    if (known || (pointer === undefined && inode === undefined)) return known;
    return this.#create(call, undefined);
  }

  #attach(call: Call): Attachment {
    const buffer = this.#buffer(call);
    const outer = this.#stacks.of(call.tid).findLast(({ kind }) => kind === 'dmabuf.attach');
    // the tracepoint inside a probed dma_buf_dynamic_attach tells of the same one
    if (call.attachment !== undefined && outer?.attachment && outer.buffer === buffer) {
      this.#point(outer.attachment, call.attachment);
      return outer.attachment;
    }
    const attachment: Attachment = {
      id: this.#context.nextId(attachmentTable),
      buffer,
      pointer: undefined,
      device: call.device,
      deviceName: call.deviceName,
      isDynamic: call.isDynamic,
      peer2peer: call.peer2peer,
      tid: call.tid,
      processId: this.#context.live.processOf(call.tid)?.id,
      attached: call.kind === 'dmabuf.attach' ? markOf(call) : undefined,
      mapped: undefined,
      unmapped: undefined,
      moved: undefined,
    };
    buffer?.attachments.add(attachment);
    this.#point(attachment, call.attachment);
    return attachment;
  }

  #point(attachment: Attachment, pointer: Word | undefined): void {
    if (pointer === undefined) return;
    attachment.pointer = pointer;
    this.#attachments.set(pointer, attachment);
  }

  /** The attachment a call names, or the only one of its buffer that is not known by pointer. */
  #attachment(call: Call): Attachment | undefined {
    if (call.attachment === undefined) return undefined;
    const known = this.#attachments.get(call.attachment);
    if (known) return known;
    const buffer = this.#buffer(call);
    const unnamed = [...(buffer?.attachments ?? [])].filter(({ pointer }) => pointer === undefined);
    const attachment = unnamed[0] ?? this.#attach(call);
    this.#point(attachment, call.attachment);
    return attachment;
  }

  #detach(call: Call): void {
    const attachment = this.#attachment(call);
    if (attachment) this.#closeAttachment(attachment, markOf(call));
  }

  #enter(call: Call): void {
    const attachment = this.#attachment(call);
    if (attachment && call.peer2peer !== undefined) attachment.peer2peer = call.peer2peer;
    this.#push(call, attachment?.buffer ?? this.#buffer(call), attachment);
  }

  #push(call: Call, buffer: Buffer | undefined, attachment: Attachment | undefined): void {
    const frame = { function: call.function, kind: call.kind, start: markOf(call) };
    this.#stacks.push(call.tid, { ...frame, buffer, attachment });
  }

  #leave(call: Return): void {
    const frame = this.#stacks.pop(call.tid, call.function);
    if (!frame) return;
    if (frame.kind === 'dmabuf.map' && call.ret === 0 && frame.attachment) {
      frame.attachment.mapped = markOf(call);
      frame.attachment.unmapped = undefined;
      frame.attachment.moved = undefined;
    }
    this.#emitCall(frame, call, call.tid);
  }

  #emitCall(frame: Frame, end: Return | undefined, tid: number): void {
    const what = ROWS[frame.kind];
    if (what === undefined) return;
    this.#context.emit(bufferCallTable, {
      id: this.#context.nextId(bufferCallTable),
      dma_buf_id: frame.buffer?.id ?? null,
      attachment_id: frame.attachment?.id ?? null,
      what,
      function: frame.function,
      ret: end?.ret ?? null,
      tid: tid === 0 ? null : tid,
      process_id: tid === 0 ? null : (this.#context.live.processOf(tid)?.id ?? null),
      ...lived(this.#context, frame.start, end),
    });
  }

  #close(buffer: Buffer, released: Mark | undefined): void {
    if (!this.#buffers.delete(buffer)) return;
    for (const attachment of [...buffer.attachments]) this.#closeAttachment(attachment, undefined);
    if (buffer.pointer !== undefined) this.#byPointer.delete(buffer.pointer);
    if (buffer.inode !== undefined) this.#byInode.delete(buffer.inode);
    this.#context.emit(dmaBufTable, {
      id: buffer.id,
      pointer: buffer.pointer ?? null,
      inode: buffer.inode ?? null,
      exporter: buffer.exporter ?? null,
      device_id: buffer.device?.id ?? null,
      size: buffer.size ?? null,
      owner_tid: buffer.ownerTid ?? null,
      owner_process_id: buffer.ownerProcessId ?? null,
      ...lived(this.#context, buffer.exported, released),
    });
  }

  #closeAttachment(attachment: Attachment, detached: Mark | undefined): void {
    attachment.buffer?.attachments.delete(attachment);
    if (attachment.pointer !== undefined) this.#attachments.delete(attachment.pointer);
    this.#context.emit(attachmentTable, {
      id: attachment.id,
      dma_buf_id: attachment.buffer?.id ?? null,
      pointer: attachment.pointer ?? null,
      device: attachment.device ?? null,
      device_name: attachment.deviceName ?? null,
      is_dynamic: flag(attachment.isDynamic),
      peer2peer: flag(attachment.peer2peer),
      tid: attachment.tid,
      process_id: attachment.processId ?? null,
      map_ts: attachment.mapped?.ts ?? null,
      map_event: attachment.mapped?.event ?? null,
      unmap_ts: attachment.unmapped?.ts ?? null,
      unmap_event: attachment.unmapped?.event ?? null,
      move_ts: attachment.moved?.ts ?? null,
      move_event: attachment.moved?.event ?? null,
      ...lived(this.#context, attachment.attached, detached),
    });
  }
}
