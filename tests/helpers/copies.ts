import { vi } from "vitest";

/** The library, loaded again: another copy in the same process. */
export async function loadCopy(): Promise<typeof import("../../src/index.js")> {
  vi.resetModules();
  return import("../../src/index.js");
}

/** Takes away what copies of the library in this process share: the next one is the first. */
export function forgetCopies(): void {
  vi.resetModules();
  Reflect.deleteProperty(globalThis, Symbol.for("tfjs-uan.shared.1"));
}
