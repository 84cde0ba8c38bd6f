/** Node's own stripper of types, as a package; it comes without its own types. */
declare module 'amaro' {
  interface Amaro {
    transformSync(
      source: string,
      options: { readonly mode: 'strip-only' },
    ): { readonly code: string };
  }
  const amaro: Amaro;
  export default amaro;
}
