import { describe, expect, it } from 'vitest';
import { eventsIn, withText } from '../../../test/text-events.ts';

const TIMED =
  '# tracer: function_graph\n#\n#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS\n';
const PLAIN = '# tracer: function_graph\n#\n# CPU  DURATION                  FUNCTION CALLS\n';

/** `+name` and `-name` with the microsecond they are at. */
function calls(text: string): string[] {
  return withText(text, eventsIn).map(({ type, time, fields, tid }) => {
    const mark = { 'ftrace:funcgraph_entry': '+', 'ftrace:funcgraph_exit': '-' }[type];
    const name = mark === undefined ? type : `${mark}${String(fields.func)}`;
    return `${time / 1000n} ${tid} ${name}`;
  });
}

describe('with absolute times', () => {
  it('entries, returns and leaves, whose return is due a duration later', () => {
    const text = `${TIMED}
    0.000100 |   0)  svmload-601   |               |  sl_open [svmlab]() {
    0.000110 |   0)  svmload-601   | + 20.000 us   |    leaf(); /* = 0xb */
    0.000115 |   1)   other-7      |   1.000 us    |  elsewhere();
    0.000140 |   0)  svmload-601   | * 14411.49 us |  } /* sl_open [svmlab] = 0x0 */
`;
    expect(calls(text)).toEqual([
      '100 601 +sl_open [svmlab]',
      '110 601 +leaf',
      '115 7 +elsewhere',
      '116 7 -elsewhere',
      '130 601 -leaf',
      '140 601 -sl_open [svmlab]',
    ]);
  });

  it('return values in every form, arguments, a return without its name', () => {
    const text = `${TIMED}
    0.000001 |   0)  a-1   |   0.100 us    |  one(x=0x10, y=0x2); /* = 0xfffffffffffffff0 */
    0.000002 |   0)  a-1   |   0.100 us    |  two(); /* = -16 */
    0.000003 |   0)  a-1   |   0.100 us    |  three(); /* <-caller ret=-16 */
    0.000004 |   0)  a-1   |               |  four() {
    0.000005 |   0)  a-1   |   1.000 us    |  }
`;
    const events = withText(text, eventsIn);
    expect(events[0]?.fields.args).toEqual([16, 2]);
    const exits = events.filter(({ type }) => type === 'ftrace:funcgraph_exit');
    expect(exits.map(({ fields }) => [fields.func, fields.retval])).toEqual([
      ['one', 0xfffffffffffffff0n],
      ['two', -16],
      ['three', -16],
      ['four', undefined],
    ]);
  });

  it('events inside a call are events; marks of interrupts are none', () => {
    const text = `${TIMED}
    0.000001 |   0)  a-1   |               |  f() {
    0.000002 |   0)  a-1   |               |    /* dma_fence_init: driver=d timeline=t context=1 seqno=2 */
    0.000003 |   0)  a-1   |   ==========> |
    0.000004 |   0)  a-1   |   <========== |
    0.000005 |   0)  a-1   |   4.000 us    |  } /* f */
`;
    expect(calls(text)).toEqual(['1 1 +f', '2 1 dma_fence:dma_fence_init', '5 1 -f']);
  });

  it('trace_pipe: the same lines without a head', () => {
    const text = `   47.000001 |   0)  a-1   |               |  f() {
   47.000003 |   0)  a-1   |   2.000 us    |  } /* f */
`;
    expect(calls(text)).toEqual(['47000001 1 +f', '47000003 1 -f']);
  });

  it('the column of irq flags (latency-format)', () => {
    const text = `${TIMED}
    0.000001 |   0)  a-1   |  d.h1. |   2.000 us    |  f();
`;
    expect(calls(text)).toEqual(['1 1 +f', '3 1 -f']);
  });
});

describe('without times', () => {
  const SWITCH =
    ' ------------------------------------------\n 1)  svmload-607   =>    <idle>-0   \n ------------------------------------------\n\n';
  const BACK =
    ' ------------------------------------------\n 1)    <idle>-0    =>  svmload-607  \n ------------------------------------------\n\n';
  const text = `${PLAIN} 1)               |  wait() {
 1) + 50.000 us   |    leaf();
${SWITCH} 1)  10.000 us    |  timer();
${BACK} 1) ! 900.000 us  |  } /* wait */
 1)   1.000 us    |  after();
`;

  it('a call takes as long as recorded, and the first switch tells who ran before it', () => {
    expect(calls(text)).toEqual([
      '0 607 +wait',
      '0 607 +leaf',
      '50 607 -leaf',
      '50 0 +timer',
      '60 0 -timer',
      '900 607 -wait',
      '900 607 +after',
      '901 607 -after',
    ]);
  });

  it('is the same without a head', () => {
    expect(calls(text.replace(PLAIN, ''))).toEqual(calls(text));
  });

  it('says so, and what to record', () => {
    withText(text, (capture) => {
      expect(capture.header.clock.converted).toBe('durations of calls');
      expect(capture.problems).toMatchObject([
        { code: 'no-absolute-time', message: expect.stringContaining('options/funcgraph-abstime') },
      ]);
    });
  });

  it('threads nobody names are told apart by CPU, and counted', () => {
    const unnamed = `${PLAIN} 0)               |  f() {\n 1)   2.000 us    |  g();\n 0)   5.000 us    |  }\n`;
    expect(calls(unnamed)).toEqual(['0 -1 +f', '0 -2 +g', '2 -2 -g', '5 -1 -f']);
    withText(unnamed, (capture) => {
      expect(capture.problems.map(({ code, count }) => [code, count])).toContainEqual([
        'unknown-task',
        4,
      ]);
    });
  });
});
