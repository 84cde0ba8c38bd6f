/**
 * A page request descriptor of VT-d, as intel_iommu:prq_report prints it (drivers/iommu/intel/iommu.h,
 * decode_prq_descriptor). trace-cmd does not know the function and shows the bare words.
 */
export function pageRequestText(words: readonly bigint[]): string {
  const [request = 0n, page = 0n, private0 = 0n, private1 = 0n] = words;
  const bits = (word: bigint, high: bigint, low: bigint) =>
    `0x${((word >> low) & ((1n << (high - low + 1n)) - 1n)).toString(16)}`;
  const flag = (word: bigint, bit: bigint, letter: string) =>
    ((word >> bit) & 1n) === 1n ? letter : '-';
  const access =
    flag(page, 0n, 'r') +
    flag(page, 1n, 'w') +
    flag(request, 52n, 'x') +
    flag(request, 53n, 'p') +
    flag(page, 2n, 'l');
  const where = `rid=${bits(request, 31n, 16n)} addr=${bits(page, 63n, 12n)}`;
  const group = `pasid=${bits(request, 51n, 32n)} index=${bits(page, 11n, 3n)}`;
  const hasPrivateData = ((request >> 9n) & 1n) === 1n;
  const more = hasPrivateData
    ? ` private=0x${private0.toString(16)}/0x${private1.toString(16)}\n`
    : '';
  return `${where} ${access} ${group}${more}`;
}
