import type { Word } from '../../kernel/occurrence.ts';
import type { LiveGpuVm } from './live-objects.ts';
import { RecentKeys } from './recent-keys.ts';

const ASIDS_MOST = 16_384;

/** The address spaces of GPUs there are now, by pointer and by number. */
export class GpuVmIndex {
  readonly all: Set<LiveGpuVm> = new Set();
  readonly #byPointer = new Map<Word, LiveGpuVm>();
  /** Numbers are those of one device; a freed one is known by its own until it comes back. */
  readonly #byAsid = new RecentKeys<LiveGpuVm>(ASIDS_MOST);

  add(vm: LiveGpuVm): void {
    this.all.add(vm);
    if (vm.vm !== undefined) this.#byPointer.set(vm.vm, vm);
    if (vm.asid !== undefined) this.#byAsid.set(asidKey(vm.driver, vm.dev, vm.asid), vm);
  }

  remove(vm: LiveGpuVm): void {
    this.all.delete(vm);
    if (vm.vm !== undefined && this.#byPointer.get(vm.vm) === vm) this.#byPointer.delete(vm.vm);
  }

  find(
    driver: string,
    dev: string | undefined,
    vm: Word | undefined,
    asid: number | undefined,
  ): LiveGpuVm | undefined {
    const byPointer = vm === undefined ? undefined : this.#byPointer.get(vm);
    if (byPointer) return byPointer;
    return asid === undefined ? undefined : this.#byAsid.get(asidKey(driver, dev, asid));
  }
}

function asidKey(driver: string, dev: string | undefined, asid: number): string {
  return `${driver} ${dev ?? ''} ${asid}`;
}
