// @assemblyscript/loader makes a TextDecoder when it is imported, for strings of the binary, which has none. Some environments have
// none either, such as Jest's jsdom: there something stands in for it, from when this module is imported until `withdraw` is called.

type Global = { TextDecoder?: unknown };

const isMissing = typeof TextDecoder === "undefined";

if (isMissing) (globalThis as Global).TextDecoder = class {};

/** Leaves the environment as it was. */
export function withdraw(): void {
  if (isMissing) delete (globalThis as Global).TextDecoder;
}
