import type { Problem } from '../parser.ts';
import type { LogSurvey } from './log-survey.ts';

type Row = readonly [code: string, severity: Problem['severity'], count: number, message: string];

/**
 * What a log cannot tell, and what of it could not be read. None of it is `data-loss`: a log tells what
 * was said, and that something was not said proves nothing, so what a recording beside it shows stands.
 */
export function problemsOf(survey: LogSurvey): Problem[] {
  return [...timeRows(survey), ...lineRows(survey)]
    .filter(([, , count]) => count > 0)
    .map(([code, severity, count, message]) => ({ code, severity, message, count }));
}

function timeRows(survey: LogSurvey): Row[] {
  const { boots, hasTime, hasKernelTime, style } = survey;
  if (!hasTime) {
    return [
      [
        'no-time',
        'info',
        1,
        'the lines have no time stamps: only their order is known; save the log with `dmesg` or `journalctl -k -o short-monotonic`',
      ],
    ];
  }
  const timeless = boots.reduce((sum, boot) => sum + boot.timeless, 0);
  const disorder = boots.reduce((sum, boot) => sum + boot.disorder, 0);
  return [
    [
      'several-boots',
      'info',
      boots.length > 1 ? 1 : 0,
      `the log is of ${boots.length} boots, whose times are laid one after another: as far apart as the wall clock says where it is known, else one second`,
    ],
    [
      'newest-first',
      'info',
      style.isNewestFirst ? 1 : 0,
      'the log begins with its newest line: it was turned round',
    ],
    ...(hasKernelTime ? [] : wallClockRows(survey)),
    [
      'no-own-time',
      'info',
      timeless,
      `records have no time stamp of ${hasKernelTime ? 'the kernel' : 'their own'}: they are shown at the time of the record before`,
    ],
    [
      'out-of-order',
      'info',
      disorder,
      'records stand after records that came later; they are read in the order of the log',
    ],
  ];
}

/** Only what a logger wrote down is known. */
function wallClockRows({ clock, prefixes }: LogSurvey): Row[] {
  const { lacksYear, lacksDate, lacksZone } = clock;
  const isCoarse = prefixes.has('dmesg -H');
  return [
    [
      'wall-clock-only',
      'info',
      1,
      `the lines have no kernel time, only when they were written down${isCoarse ? ', to the minute where one ends' : ''}: lines of one time stamp are in the order of the log; \`dmesg\` or \`journalctl -k -o short-monotonic\` shows the time of the kernel`,
    ],
    [
      'unknown-year',
      'info',
      lacksYear ? 1 : 0,
      'the dates have no year: times count from one that is made up',
    ],
    [
      'unknown-date',
      'info',
      lacksDate ? 1 : 0,
      'the lines have no date: their times count from a day that is made up',
    ],
    [
      'unknown-zone',
      'info',
      lacksZone && !lacksYear && !lacksDate ? 1 : 0,
      'the dates have no time zone: they are taken for UTC',
    ],
  ];
}

function lineRows({ lines, gaps, firstUnknown }: LogSurvey): Row[] {
  return [
    ['lost-records', 'info', gaps.length, 'the log says that records of the kernel were lost'],
    [
      'other-programs',
      'info',
      lines.foreign,
      'lines of other programs than the kernel were left out',
    ],
    [
      'left-out-by-hand',
      'info',
      lines.folded,
      'lines were taken out of the log by hand; nobody knows how many',
    ],
    [
      'unrecognised-line',
      'info',
      lines.unknown,
      `lines that are no part of a record were left out, the first: ${firstUnknown}`,
    ],
    ['long-line', 'info', lines.cut, 'lines of more than a megabyte were cut'],
  ];
}
