import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';

export const dmaBufTable: Table = {
  name: 'dma_buf',
  doc: 'A buffer shared between devices and processes (struct dma_buf).',
  columns: [
    integer('pointer', 'struct dma_buf, where a probe showed it.'),
    integer('inode', 'Its inode number, by which tracepoints name it (7.1 and later).'),
    text('exporter', 'Name its exporter gave itself, mostly the module.'),
    integer('device_id', 'device.id in whose ioctl it was exported.'),
    integer('size', 'Bytes.'),
    integer('owner_tid', 'Thread that exported it.'),
    integer('owner_process_id', 'process.id of that thread.'),
    ...span('dma_buf_export', 'dma_buf_release'),
  ],
  indexes: [['device_id']],
};

export const attachmentTable: Table = {
  name: 'dma_buf_attachment',
  doc: 'A device that imported a dma-buf (struct dma_buf_attachment), and its mapping.',
  columns: [
    integer('dma_buf_id', 'dma_buf.id it is attached to.'),
    integer('pointer', 'struct dma_buf_attachment, where a probe showed it.'),
    integer('device', 'struct device of the importer.'),
    text('device_name', 'Its name.'),
    integer('is_dynamic', '1 = the exporter may move the buffer and asks the importer to unmap.'),
    integer('peer2peer', '1 = the importer reaches the memory of the exporting device directly.'),
    integer('tid', 'Thread that attached it.'),
    integer('process_id', 'process.id of that thread.'),
    integer('map_ts', 'Begin of the mapping that is, or was last, alive, relative ns.'),
    integer('map_event', 'That event.'),
    integer('unmap_ts', 'Its end, relative ns; NULL = still mapped, or not recorded.'),
    integer('unmap_event', 'That event.'),
    integer('move_ts', 'Last time the exporter asked to unmap while it was mapped, relative ns.'),
    integer('move_event', 'That event.'),
    ...span('dma_buf_dynamic_attach', 'dma_buf_detach'),
  ],
  indexes: [['dma_buf_id']],
};

export const bufferCallTable: Table = {
  name: 'dma_buf_call',
  doc: 'A call on a dma-buf: a mapping, a pin, an access by the CPU.',
  columns: [
    integer('dma_buf_id', 'dma_buf.id it is about.'),
    integer('attachment_id', 'dma_buf_attachment.id it is about.'),
    text('what', "'map', 'pin' or 'access'."),
    text('function', 'Kernel function.'),
    integer('ret', 'Negative errno, 0 = it worked; NULL = not recorded.'),
    integer('tid', 'Thread that called it.'),
    integer('process_id', 'process.id of that thread.'),
    ...span('entry', 'return'),
  ],
  indexes: [['dma_buf_id'], ['attachment_id']],
};
