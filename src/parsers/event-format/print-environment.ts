import type { KernelSymbol } from '../parser.ts';
import type { RecordLayout } from './decoder.ts';

/** What printing needs to know of the capture besides the event itself. */
export interface PrintEnvironment {
  readonly layout: RecordLayout;
  symbol(address: number | bigint): KernelSymbol | undefined;
  /** The string at an address of the kernel's printk formats (printk_formats), quotes and all or without. */
  printk(address: number | bigint): string | undefined;
  comm(pid: number): string | undefined;
  /** Told once per event type whose print format could not be parsed. */
  unparsed?(type: string, reason: string): void;
}
