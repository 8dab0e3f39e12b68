import { chosenWasmModule } from "tfjs-uan";
import { RELAXED_SIMD } from "../runtimes/v8.js";

/** The flags with which the library chooses the same binary in another process of Node.js. */
export const binaryFlags = process.execArgv.filter((flag) => RELAXED_SIMD.includes(flag));

/** The file of the binary that the library chooses here. */
export function chosenBinary(): URL {
  const name = chosenWasmModule().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new URL(`../wasm/tfjs-uan-${name}.wasm`, import.meta.url);
}
