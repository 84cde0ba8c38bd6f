/** What probes on the DRM and dma-buf cores mean, from the bytes of a capture on. */
import { describe, expect, it } from 'vitest';
import { objectsOf } from '../../test/run-capture.ts';
import { scenario } from '../../test/scenario/scenario.ts';

const PROBES = [
  'p:svm/drm_dev_unplug drm:drm_dev_unplug dev=$arg1:x64 pdev=+8($arg1):x64',
  'r16:svm/drm_dev_unplug_ret drm:drm_dev_unplug',
  'p:svm/drm_dev_enter drm:drm_dev_enter dev=$arg1:x64',
  'r256:svm/drm_dev_enter_ret drm:drm_dev_enter ret=$retval:u8',
  'p:svm/drm_ioctl drm:drm_ioctl filp=$arg1:x64 cmd=$arg2:x32',
  'r256:svm/drm_ioctl_ret drm:drm_ioctl ret=$retval:s64',
  'p:svm/dmabuf_export dma_buf_export',
  'r64:svm/dmabuf_export_ret dma_buf_export dmabuf=$retval:x64',
  'p:svm/dbpin dma_buf_pin att=$arg1:x64 dmabuf=+0($arg1):x64',
  'r64:svm/dbpin_ret dma_buf_pin ret=$retval:s32',
  'p:svm/dbmap dma_buf_map_attachment att=$arg1:x64 dmabuf=+0($arg1):x64 p2p=+44($arg1):u8',
  'r64:svm/dbmap_ret dma_buf_map_attachment ret=$retval:x64',
];
const APP = { cpu: 0, tid: 100, comm: 'app' };
const DEV = 0xffff888004500000n;
const BUFFER = 0xffff888004600000n;
const ATTACHMENT = 0xffff888004700000n;

const rows = (made: ReturnType<typeof scenario>, table: string) =>
  objectsOf(made.file()).rows(table);

describe('probes on a device', () => {
  it('an ioctl after the unplug is refused, and its device is the one it asks for', () => {
    const made = scenario({ kernel: '6.12', probes: PROBES })
      .at(0, { cpu: 1, tid: 50, comm: 'sh' })
      .probe('drm_dev_unplug', { dev: DEV, pdev: 0xffff888004400000n })
      .after(1000)
      .by(APP)
      .probe('drm_ioctl', { filp: 0xffff888004800000n, cmd: 0xc01864b0 })
      .probe('drm_dev_enter', { dev: DEV })
      .after(1000)
      .probe('drm_dev_enter_ret', { ret: 0 })
      .probe('drm_ioctl_ret', { ret: -19 });
    expect(rows(made, 'device_use')).toMatchObject([{ what: 'ioctl', ret: -19, tid: 100 }]);
    expect(rows(made, 'device')).toMatchObject([{ pointer: DEV, refused: 1 }]);
  });
});

describe('probes on a buffer', () => {
  const shared = () =>
    scenario({ kernel: '6.12', probes: PROBES })
      .at(0, APP)
      .probe('drm_ioctl', { filp: 0xffff888004800000n, cmd: 0xc00c642d })
      .probe('drm_dev_enter', { dev: DEV })
      .probe('drm_dev_enter_ret', { ret: 1 })
      .probe('dmabuf_export')
      .after(1000)
      .probe('dmabuf_export_ret', { dmabuf: BUFFER })
      .probe('drm_ioctl_ret', { ret: 0 });

  it('belong to the device whose ioctl they came from', () => {
    expect(rows(shared(), 'dma_buf')).toMatchObject([{ device_id: 1, owner_tid: 100 }]);
  });

  it('a pin that is refused, and a mapping that is an error in a pointer', () => {
    const made = shared()
      .after(1000)
      .probe('dbpin', { att: ATTACHMENT, dmabuf: BUFFER })
      .after(1000)
      .probe('dbpin_ret', { ret: -22 })
      .probe('dbmap', { att: ATTACHMENT, dmabuf: BUFFER, p2p: 1 })
      .after(1000)
      .probe('dbmap_ret', { ret: 0xffffffffffffff87n })
      .probe('dbmap', { att: ATTACHMENT, dmabuf: BUFFER, p2p: 1 })
      .after(1000)
      .probe('dbmap_ret', { ret: 0xffff888004900000n });
    expect(rows(made, 'dma_buf_call').map(({ what, ret }) => [what, ret])).toEqual([
      ['pin', -22],
      ['map', -121],
      ['map', 0],
    ]);
    expect(rows(made, 'dma_buf_attachment')).toMatchObject([{ peer2peer: 1 }]);
  });

  it('tracepoints of 7.2 name them by inode', () => {
    const shared = { exp_name: 'xe', size: 4096, ino: 77 };
    const made = scenario({ kernel: '7.2' })
      .at(0, APP)
      .event('dma_buf:dma_buf_export', shared)
      .after(1000)
      .event('dma_buf:dma_buf_dynamic_attach', {
        ...shared,
        attach: ATTACHMENT,
        is_dynamic: true,
        dev_name: '0000:04:00.0',
      })
      .after(1000)
      .event('dma_buf:dma_buf_detach', { ...shared, attach: ATTACHMENT });
    expect(rows(made, 'dma_buf')).toMatchObject([{ inode: 77, exporter: 'xe', size: 4096 }]);
    expect(rows(made, 'dma_buf_attachment')).toMatchObject([
      { device_name: '0000:04:00.0', is_dynamic: 1, end_ts: 2000 },
    ]);
  });
});
