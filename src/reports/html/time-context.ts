import { createContext } from 'preact';
import { type TimeFormat, timeFormat } from '../units.ts';

/** How times of the capture being rendered are written. */
export const Time: ReturnType<typeof createContext<TimeFormat>> = createContext(
  timeFormat({ unit: 'ns' }),
);
