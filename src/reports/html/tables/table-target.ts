import { useEffect, useState } from 'preact/hooks';
import type { TableModel } from './table-model.ts';

/** The row that the address asks for. */
export interface TableTarget {
  /** Of its first column. */
  readonly value: string;
  /** Undefined = it is not in this table. */
  readonly row: number | undefined;
}

export function useTableTarget(
  model: TableModel,
  anchor: string | undefined,
): TableTarget | undefined {
  const [target, setTarget] = useState<TableTarget | undefined>(undefined);
  useEffect(() => {
    if (anchor === undefined) return undefined;
    const look = (): void => {
      const id = decodeURIComponent(location.hash.slice(1));
      const value = id.startsWith(anchor) ? id.slice(anchor.length) : undefined;
      setTarget(value === undefined ? undefined : { value, row: model.rowOf(value) });
    };
    look();
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, [model, anchor]);
  return target;
}
