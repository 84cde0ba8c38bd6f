import type { Fields, FieldValue } from '../parsers/parser.ts';
import { argument, returnValue, signedInt, string, word } from './arguments.ts';
import type { BufferCall } from './drm-occurrence.ts';
import type { Moment, Occurrence, Word } from './occurrence.ts';
import { kept, type ProbeRule, type Rule, rule, type Subsystem } from './subsystem.ts';

const MAX_ERRNO = 4095;

/**
 * drivers/dma-buf/dma-buf.c. Tracepoints came with 7.1 and name a buffer by its inode; before there are
 * only probes, which name it by pointer. dma_buf_put drops one reference of many: no end of life.
 */
export const dmaBuf: Subsystem = {
  name: 'dma-buf',
  events: {
    'dma_buf:dma_buf_export': traced('dma_buf_export', 'dmabuf.export'),
    'dma_buf:dma_buf_dynamic_attach': traced('dma_buf_dynamic_attach', 'dmabuf.attach'),
    'dma_buf:dma_buf_detach': traced('dma_buf_detach', 'dmabuf.detach'),
    'dma_buf:dma_buf_mmap': traced('dma_buf_mmap', 'dmabuf.access'),
    'dma_buf:dma_buf_mmap_internal': traced('dma_buf_mmap_internal', 'dmabuf.access'),
    'dma_buf:dma_buf_fd': kept,
    'dma_buf:dma_buf_get': kept,
    'dma_buf:dma_buf_put': kept,
  },
  probes: {
    dma_buf_export: probed('dma_buf_export', 'dmabuf.export', []),
    dma_buf_dynamic_attach: probed('dma_buf_dynamic_attach', 'dmabuf.attach', ['dmabuf', 'dev']),
    dma_buf_detach: probed('dma_buf_detach', 'dmabuf.detach', ['dmabuf', 'attach']),
    dma_buf_map_attachment: probed('dma_buf_map_attachment', 'dmabuf.map', ['attach']),
    dma_buf_unmap_attachment: probed('dma_buf_unmap_attachment', 'dmabuf.unmap', ['attach']),
    dma_buf_pin: probed('dma_buf_pin', 'dmabuf.pin', ['attach']),
    dma_buf_unpin: probed('dma_buf_unpin', 'dmabuf.unpin', ['attach']),
    dma_buf_move_notify: probed('dma_buf_move_notify', 'dmabuf.move'),
    dma_buf_invalidate_mappings: probed('dma_buf_invalidate_mappings', 'dmabuf.move'),
    dma_buf_begin_cpu_access: probed('dma_buf_begin_cpu_access', 'dmabuf.access'),
    dma_buf_vmap: probed('dma_buf_vmap', 'dmabuf.access'),
    dma_buf_vmap_unlocked: probed('dma_buf_vmap_unlocked', 'dmabuf.access'),
    dma_buf_mmap: probed('dma_buf_mmap', 'dmabuf.access'),
    // its argument is the dentry: the buffer is in d_fsdata
    dma_buf_release: probed('dma_buf_release', 'dmabuf.release', []),
  },
  eventNames: {
    dbexp: 'dma_buf_export',
    dmabuf_export: 'dma_buf_export',
    dbatt: 'dma_buf_dynamic_attach',
    dmabuf_attach: 'dma_buf_dynamic_attach',
    dbdet: 'dma_buf_detach',
    dmabuf_detach: 'dma_buf_detach',
    dbmap: 'dma_buf_map_attachment',
    dbpin: 'dma_buf_pin',
    dbmove: 'dma_buf_move_notify',
    dbrel: 'dma_buf_release',
    dmabuf_cpu_access: 'dma_buf_begin_cpu_access',
  },
};

function traced(name: string, kind: BufferCall): Rule {
  return rule(kind, (fields, moment) => call(name, kind, fields, moment));
}

function probed(
  name: string,
  kind: BufferCall,
  parameters: readonly string[] = ['dmabuf'],
): ProbeRule {
  const returned = `${kind}_return` as const;
  return {
    parameters,
    enter: rule(kind, (fields, moment) => call(name, kind, fields, moment)),
    return: rule(returned, (fields, moment) => {
      const value = returnValue(fields) ?? word(fields.dmabuf);
      return {
        kind: returned,
        function: name,
        ret: value === undefined ? undefined : errorOf(value),
        pointer: value,
        ...moment,
      };
    }),
  };
}

function call(name: string, kind: BufferCall, fields: Fields, moment: Moment): Occurrence {
  return {
    kind,
    function: name,
    buffer: word(fields.dmabuf) ?? word(fields.buf),
    inode: word(fields.ino),
    attachment: word(fields.attach) ?? word(fields.att) ?? word(fields.attachment),
    device: argument(fields, 'device'),
    deviceName: string(fields.dev_name),
    exporter: string(fields.exp_name) ?? string(fields.exp),
    size: word(fields.size),
    isDynamic: flagOf(fields.is_dynamic),
    peer2peer: flagOf(fields.p2p) ?? flagOf(fields.peer2peer),
    ...moment,
  };
}

function flagOf(value: FieldValue | undefined): boolean | undefined {
  const flag = word(value);
  return flag === undefined ? undefined : flag !== 0 && flag !== 0n;
}

/** An int, or a pointer of which the last page holds errors (ERR_PTR); 0 = no error. */
function errorOf(value: Word): number {
  const wide = BigInt.asIntN(64, BigInt(value));
  if (wide < 0n && wide >= -BigInt(MAX_ERRNO)) return Number(wide);
  const small = signedInt(value) ?? 0;
  return small < 0 && small >= -MAX_ERRNO && wide <= 0xffffffffn ? small : 0;
}
