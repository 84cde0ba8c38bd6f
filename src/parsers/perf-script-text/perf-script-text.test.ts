import { describe, expect, it } from 'vitest';
import { eventsIn, type TextEvent, withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';

const EVENT = 'svm:inval_end: (ffffffff81213834) mm=0x10 start=0x0';

describe('the columns', () => {
  const lines: [string, string, Partial<TextEvent>][] = [
    [
      'default',
      `         svmload  1894 [001]   239.303076:          ${EVENT}`,
      { tid: 1894, cpu: 1, time: 239303076000n },
    ],
    [
      '--ns',
      `         svmload  1894 [001]   239.303076123:          ${EVENT}`,
      { time: 239303076123n },
    ],
    [
      '-F +pid',
      `         svmload  1890/1894  [001]   239.303076:          ${EVENT}`,
      { tid: 1894 },
    ],
    ['with the period', `         svmload  1894 [001]   239.303076:          1 ${EVENT}`, {}],
    [
      'one thread: no CPU',
      `         svmload  1894   239.303076:          ${EVENT}`,
      { cpu: 0, tid: 1894 },
    ],
    [
      'with callchains the comm is not aligned',
      `svmload     380 [000]    12.034639: ${EVENT}`,
      { tid: 380, comm: 'svmload' },
    ],
    [
      'a comm with digits and spaces',
      `    Web 12 [0] 7  1894 [001]   239.303076: ${EVENT}`,
      { comm: 'Web 12 [0] 7', tid: 1894 },
    ],
    ['swapper', `         swapper     0 [002]   239.303076: ${EVENT}`, { tid: 0, comm: 'swapper' }],
  ];
  it.each(lines)('%s', (_, line, wanted) => {
    const [event, ...others] = withText(`${line}\n`, eventsIn);
    expect(event).toMatchObject({ type: 'svm:inval_end', ...wanted });
    expect(event?.fields).toMatchObject({ __probe_ip: 0xffffffff81213834n, mm: 16 });
    expect(others).toEqual([]);
  });
});

it('the frames of callchains are no events, and no unknown lines either', () => {
  const text = `svmload     380 [000]    12.034639: ${EVENT}\n\tffffffff81213165 [unknown] ([unknown])\n\t          4386eb __ioctl+0x3b (/bin/svmload)\n\nsvmload     380 [000]    12.034640: ${EVENT}\n`;
  withText(text, (capture) => {
    expect(eventsIn(capture)).toHaveLength(2);
    expect(capture.problems).toEqual([]);
  });
});

it('the header of --header', () => {
  const text = `# ========\n# captured on    : Wed Aug 15 16:01:24 2018\n# hostname : box\n# os release : 6.12.117-svmlab\n# nrcpus online : 4\n# ========\n#\n         svmload  1894 [001]   239.303076: ${EVENT}\n`;
  withText(text, ({ header }) => {
    expect(header.uname).toContain('6.12.117-svmlab');
    expect(header.cpus).toBe(4);
    expect(header.facts.hostname).toBe('box');
  });
});

it('lost events, where perf script was asked to show them', () => {
  const at = (time: string, text: string) => `         svmload  1894 [001]   ${time}: ${text}\n`;
  const text = `${at('1.000000', EVENT)}${at('1.500000', 'PERF_RECORD_LOST lost 12')}${at('2.000000', EVENT)}`;
  withText(text, (capture) => {
    expect(eventsIn(capture)).toHaveLength(2);
    expect(capture.losses).toEqual([
      { buffer: 0, cpu: 1, from: 0, to: 1e9, events: 12, kind: 'dropped' },
    ]);
  });
});

describe('refused', () => {
  it('samples that are no tracepoints', () => {
    const text =
      'simple-terminat     9 198789.478194:    1001001 cpu-clock: \n\t             63c main (/bin/x)\n';
    const open = () => withText(text, () => {});
    expect(open).toThrow(TraceError);
    expect(open).toThrow(/no tracepoint samples/);
  });
});

it('does not say which tasks were recorded: only those of the kernel show that all were', () => {
  const own = `         svmload  1894 [001]   239.303076: ${EVENT}\n`;
  const perTask = (text: string) => withText(text, ({ header }) => header.facts['per-task']);
  expect(perTask(own)).toBe('perhaps only one task and its children');
  expect(perTask(`${own}         swapper     0 [002]   239.303077: ${EVENT}\n`)).toBeUndefined();
  expect(perTask(`${own}  kworker/0:1-eve    11 [002]   239.303077: ${EVENT}\n`)).toBeUndefined();
  expect(perTask(`# cmdline : /usr/bin/perf record -a -e svm:*\n${own}`)).toBeUndefined();
  expect(perTask(`# cmdline : /usr/bin/perf record -e svm:* a.out\n${own}`)).toBeDefined();
});
