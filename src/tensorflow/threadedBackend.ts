import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { backend } from "@tensorflow/tfjs-core";
import { startWorkerPool } from "../launch/workerPools.js";
import { builtinModule } from "../runtime/builtin.js";
import { findInstalled } from "../runtime/packages.js";
import { instantiateEmscripten } from "./emscripten.js";
import { registerTheirs, useMadeBackend } from "./registerMade.js";
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
    throw new Error(
      `useThreadedBackend: expected what @tensorflow/tfjs-backend-wasm 4.0 to 4.22 has, but in ${version_wasm} ${found}`,
    );
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
 * Makes a backend over TensorFlow.js's threaded binary the current one.
 *
 * @param threads that compute, with the caller's. They have started then.
 * @param exported what THREADED_FACTORY exports
 * @throws Error where there can be none. None is left then, and TensorFlow.js's own is registered as before.
 */
export async function startThreadedBackend(threads: number, wasm: WasmPackage, exported: unknown): Promise<void> {
  try {
    await useMadeBackend("useThreadedBackend", async () => makeThreadedBackend(wasm, exported, await compileInstalled()));
    const made = backend() as WasmBackend;
    const memory = memoryOf(made);
    if (!memory) throw new Error("useThreadedBackend: the memory of TensorFlow.js's threaded backend cannot be reached");
    await startWorkerPool(memory, (bytes) => made.wasm._malloc(bytes), threads);
  } catch (error) {
    registerTheirs();
    throw error;
  }
}
