import type { Lifetime } from './lifetime.ts';
import { processTable, taskTable } from './task-tables.ts';

export const task: Lifetime = {
  kind: 'task',
  tables: [taskTable, processTable],
  track: () => ({ on: {}, finish() {} }),
};
