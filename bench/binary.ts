import { spawnSync } from "node:child_process";
import { chosenWasmModule } from "tfjs-uan";
import { OptionError } from "../reporting/program.js";
import { RELAXED_SIMD } from "../runtimes/v8.js";

/** What a process of Node.js must be started with for the library to choose the same binary as here. */
export const binaryFlags = process.execArgv.filter((flag) => RELAXED_SIMD.includes(flag));

/** The file of the binary that the library chooses here. */
export function chosenBinary(): URL {
  const name = chosenWasmModule().replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new URL(`../dist/wasm/tfjs-uan-${name}.wasm`, import.meta.url);
}

/**
 * Makes sure that the library chooses a binary with relaxed SIMD.
 *
 * @returns the exit code of this very command, where it had to be started anew for that
 * @throws OptionError where the runtime has no relaxed SIMD
 */
export function ensureRelaxedSimd(): number | undefined {
  if (chosenWasmModule() === "relaxedSimd") return undefined;
  if (RELAXED_SIMD.length === 0 || binaryFlags.length > 0) {
    throw new OptionError(`--relaxed-simd: Node.js ${process.version} has no relaxed SIMD on this machine`);
  }
  const args = [...RELAXED_SIMD, ...process.execArgv, ...process.argv.slice(1)];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}
