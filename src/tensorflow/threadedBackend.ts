import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { startWorkerPool, threadCountOver } from "../launch/workerPools.js";
import { builtinModule } from "../runtime/builtin.js";
import { findInstalled, messageOf } from "../runtime/packages.js";
import { warnOnce } from "../shared.js";
import { instantiateEmscripten } from "./emscripten.js";
import { checkFree, madeBackend, removeMade, useMadeBackend } from "./registerMade.js";
import { memoryOf, type WasmBackend } from "./wasmHeap.js";

// TensorFlow.js's threaded binary runs in Node.js, though TensorFlow.js does not start it there (github.com/tensorflow/tfjs/issues/3830).
// It is wanted for its memory, which is shared: the library's threads compute over it. XNNPACK gets no threads of its own, whose
// waiting, a millisecond of it busy after each call, would take the cores from the library's.

/** What is used of @tensorflow/tfjs-backend-wasm. */
export interface WasmPackage {
  BackendWasm: typeof BackendWasm;
  version_wasm: string;
}

/** The file that exports Emscripten's factory, and the binary beside it, in the package. */
export const THREADED_FACTORY = "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js";
const THREADED_BINARY = THREADED_FACTORY.replace(/js$/, "wasm");

/** What Emscripten wants of the threads that it starts before they are needed: they are ready at once, and nothing is ever run there. */
class NoThread {
  onmessage?: (message: { data: { cmd: string } }) => void;

  postMessage({ cmd }: { cmd: string }): void {
    if (cmd !== "load")
      throw new Error(`tfjs-uan: TensorFlow.js's threaded binary starts threads ('${cmd}'), which it should not`);
    queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }

  terminate(): void {}
}

async function compileInstalled(): Promise<WebAssembly.Module> {
  const fs = builtinModule<{ promises: { readFile(file: string): Promise<Uint8Array<ArrayBuffer>> } }>("node:fs");
  if (!fs)
    throw new Error("only Node.js (from 20.16, before in CommonJS), Bun and Deno can read TensorFlow.js's threaded binary");
  return WebAssembly.compile(await fs.promises.readFile(findInstalled(THREADED_BINARY).file));
}

/**
 * TensorFlow.js's backend over its threaded binary, with no threads.
 *
 * @param exported what THREADED_FACTORY exports
 * @param binary THREADED_BINARY
 * @throws Error where TensorFlow.js is not as expected
 */
async function makeThreadedBackend(
  { BackendWasm, version_wasm }: WasmPackage,
  exported: unknown,
  binary: WebAssembly.Module,
): Promise<BackendWasm> {
  const fail = (found: string): never => {
    throw new Error(`expected what @tensorflow/tfjs-backend-wasm 4.0 to 4.22 has, but in ${version_wasm} ${found}`);
  };
  const module = await instantiateEmscripten(exported, {
    binary,
    names: { factory: "wasm-out/tfjs-backend-wasm-threaded-simd.js", binary: "tfjs-backend-wasm-threaded-simd.wasm" },
    globals: { Worker: NoThread },
    adapt(imports) {
      const cores = "emscripten_num_logical_cores";
      if (!imports.env?.[cores]) fail(`the threaded binary does not import ${cores}`);
      // XNNPACK takes half of them, and one at least.
      else imports.env[cores] = () => 1;
    },
    fail,
  });
  try {
    return new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  } catch (error) {
    return fail(`BackendWasm cannot be made: ${error}`);
  }
}

/**
 * Makes 'wasm' the current backend, over TensorFlow.js's threaded binary, and starts threads over its memory. To be called in turn,
 * where 'wasm' is not initialized.
 *
 * @param op names the caller in messages
 * @param threads that compute, with the caller's
 * @param load @tensorflow/tfjs-backend-wasm, and what THREADED_FACTORY exports
 * @returns whether there are threads now. Where not, a warning says why, none is left, and TensorFlow.js's own 'wasm' is registered
 *   as before.
 * @throws Error where 'wasm' is initialized
 */
export async function startThreadedBackend(op: string, threads: number, load: () => [WasmPackage, unknown]): Promise<boolean> {
  checkFree(op, "threads");
  try {
    const make = async () => makeThreadedBackend(...load(), await compileInstalled());
    await useMadeBackend(op, "threads", make);
    await startThreads(threads);
    return true;
  } catch (error) {
    removeMade("threads");
    warnOnce(`${op}: there are no threads to be had here, so that 'wasm' runs on one: ${messageOf(error)}`);
    return false;
  }
}

async function startThreads(count: number): Promise<void> {
  const made = madeBackend("threads") as WasmBackend;
  const memory = memoryOf(made);
  if (!memory) throw new Error("the memory of TensorFlow.js's threaded backend cannot be reached");
  await startWorkerPool(memory, (bytes) => made.wasm._malloc(bytes), count);
}

/** How many threads compute on a backend that startThreadedBackend has made; undefined where there is none. */
export function threadsOfBackend(): number | undefined {
  const made = madeBackend("threads");
  const memory = made && memoryOf(made);
  return memory && threadCountOver(memory);
}

/**
 * Makes the backend that startThreadedBackend has made the current one, and changes how many threads compute on it. To be called in turn.
 *
 * @returns how many do: 1 where none can be started, as a warning says then. The backend and its tensors stay.
 */
export async function changeThreads(op: string, count: number): Promise<number> {
  await setBackend("wasm");
  try {
    await startThreads(count);
    return count;
  } catch (error) {
    warnOnce(`${op}: threads cannot be started, so that 'wasm' runs on one: ${messageOf(error)}`);
    return 1;
  }
}
