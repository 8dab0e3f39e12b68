import { nodeProcess } from "./builtin.js";
import { importInstalled } from "./packages.js";
import { Refusal } from "./refusal.js";

// WebGPU in Node.js: the npm package `webgpu` has Dawn, Chromium's WebGPU, in it.

interface Dawn {
  create(options: string[]): object;
  /** What pages have as globals: GPUBufferUsage and the like. */
  globals: { [name: string]: unknown };
}

/** Defines a property that is not there. @returns what takes it away again */
function define(object: object, name: string, value: unknown): () => void {
  if (name in object) return () => {};
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => Reflect.deleteProperty(object, name);
}

/**
 * Puts WebGPU where pages have it, out of the package `webgpu`, if that is installed.
 *
 * @returns what takes all of it away again
 * @throws Refusal where it is not installed, or nothing can be. Another error where it is broken
 */
export function provideDawn(): () => void {
  const absent = "there is no WebGPU here";
  if (!nodeProcess()?.versions?.node) throw new Refusal(absent);
  let dawn: Dawn;
  try {
    dawn = importInstalled("webgpu") as Dawn;
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`${absent}, and ${error.message}`);
    throw error;
  }
  const undo = Object.entries(dawn.globals).map(([name, value]) => define(globalThis, name, value));
  undo.push(define(globalThis, "navigator", {}));
  undo.push(define(globalThis.navigator, "gpu", dawn.create([])));
  return () => {
    for (const takeAway of undo.reverse()) takeAway();
  };
}
