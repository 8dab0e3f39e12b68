import { spawnSync } from "node:child_process";
import { chosenWasmModule } from "tfjs-uan";
import { OptionError } from "../reporting/program.js";
import { RELAXED_SIMD } from "../runtimes/v8.js";

/** The flags with which the library chooses the same binary in another process of Node.js. */
export const binaryFlags = process.execArgv.filter((flag) => RELAXED_SIMD.includes(flag));

/** The file of the binary that the library chooses here. */
export function chosenBinary(): URL {
  const name = chosenWasmModule().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new URL(`../wasm/tfjs-uan-${name}.wasm`, import.meta.url);
}

/**
 * Makes sure that the library chooses a binary with relaxed SIMD. If Node.js needs a flag for that, runs this command again with it.
 *
 * @returns the exit code of the other process, or undefined if none was needed
 * @throws OptionError if the runtime has no relaxed SIMD
 */
export function ensureRelaxedSimd(): number | undefined {
  if (chosenWasmModule() === "relaxedSimd") return undefined;
  if (RELAXED_SIMD.length === 0 || binaryFlags.length > 0) {
    throw new OptionError(`--relaxed-simd: Node.js ${process.version} has no relaxed SIMD on this machine`);
  }
  const args = [...RELAXED_SIMD, ...process.execArgv, ...process.argv.slice(1)];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}
