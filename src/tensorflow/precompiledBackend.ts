import { BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import * as imported from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import {
  engine,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from "@tensorflow/tfjs-core";

// TensorFlow.js makes its WASM backend out of a URL, never out of a module (github.com/tensorflow/tfjs/issues/8157). This is the
// only file that knows how it is made out of one: as TensorFlow.js's own `init` does it, with Emscripten's `instantiateWasm`, which
// is documented. The rest is not. It is the same in TensorFlow.js 4.0 to 4.22, and looked for before a backend is registered:
//
// - wasm-out/tfjs-backend-wasm.js exports Emscripten's factory for the binaries with SIMD and without, not for the threaded one.
//   It fills the object it is given, at once where the instance is there at once, and calls the binary's function f `_f`.
// - BackendWasm is made of that object, and calls six of those functions, under `tfjs`, by other names (BRIDGE).
// - Where there is a `process` of Node's, as Workers with nodejs_compat have, the factory wants `__dirname` and `fs`, too.

/** As TensorFlow.js registers its own. */
const PRIORITY = 2;

type CFunction = (...args: number[]) => unknown;
type CType = "number" | null;

/** The object that the factory takes and fills. */
interface Emscripten {
  instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): object;
  cwrap?(name: string, result: CType, parameters: CType[]): CFunction;
  tfjs?: Record<string, CFunction>;
}

/** The functions that BackendWasm calls: the binary's name, the result, the number of parameters. */
const BRIDGE: Record<string, [name: string, result: CType, parameters: number]> = {
  init: ["init", null, 0],
  initWithThreadsCount: ["init_with_threads_count", null, 1],
  getThreadsCount: ["get_threads_count", "number", 0],
  registerTensor: ["register_tensor", null, 3],
  disposeData: ["dispose_data", null, 1],
  dispose: ["dispose", null, 0],
};

function fail(found: string): never {
  throw new Error(`useWasmModules: expected what @tensorflow/tfjs-backend-wasm 4.0 to 4.22 has, but in ${version_wasm} ${found}`);
}

/** Emscripten's factory, however CommonJS is imported here. */
function emscriptenFactory(): (module: Emscripten) => unknown {
  const found = (imported as { default?: unknown }).default ?? imported;
  if (typeof found !== "function") fail(`wasm-out/tfjs-backend-wasm.js exports ${typeof found}, not a function`);
  return found as (module: Emscripten) => unknown;
}

/** Runs a function while there is no global `process`. */
function withoutProcess<T>(run: () => T): T {
  const process = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (!process?.configurable) return run();
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true });
  try {
    return run();
  } finally {
    Object.defineProperty(globalThis, "process", process);
  }
}

async function instantiate(binary: WebAssembly.Module): Promise<Emscripten> {
  const make = emscriptenFactory();
  let called = false;
  let failure: unknown;
  const module: Emscripten = {
    instantiateWasm(imports, receive) {
      called = true;
      // Emscripten catches errors that are thrown in here, and fetches a binary instead.
      try {
        const instance = new WebAssembly.Instance(binary, imports);
        receive(instance);
        return instance.exports;
      } catch (error) {
        failure = error;
        return {};
      }
    },
  };
  let ready: unknown;
  try {
    ready = withoutProcess(() => make(module));
  } catch (error) {
    fail(`Emscripten's factory does not run here: ${error}`);
  }
  if (failure) fail(`the module given as 'tensorflow' cannot be instantiated: ${failure}`);
  if (!called) fail("Emscripten's factory does not call instantiateWasm");
  await ready;
  return module;
}

/** Adds to Emscripten's module what BackendWasm wants. */
function bridge(module: Emscripten, binary: WebAssembly.Module): void {
  const there = new Set(WebAssembly.Module.exports(binary).map(({ name }) => `_${name}`));
  const called = Object.keys(module).filter((name) => name.startsWith("_"));
  const lacking = called.filter((name) => !there.has(name));
  if (lacking.length > 0) {
    fail(`the module given as 'tensorflow', of another version perhaps, does not export what is called: ${lacking.join(", ")}`);
  }
  if (typeof module.cwrap !== "function") fail("Emscripten's module has no cwrap");
  module.tfjs = {};
  for (const [key, [name, result, parameters]] of Object.entries(BRIDGE)) {
    if (!called.includes(`_${name}`)) fail(`Emscripten's module has no function _${name}`);
    module.tfjs[key] = module.cwrap(name, result, Array(parameters).fill("number"));
  }
}

/** The backend that was last made here. */
let backend: KernelBackend | undefined;
/** The first call, while it is under way. */
let pending: Promise<void> | undefined;

async function makeBackend(binary: WebAssembly.Module): Promise<KernelBackend> {
  const module = await instantiate(binary);
  bridge(module, binary);
  try {
    return new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  } catch (error) {
    fail(`BackendWasm cannot be made: ${error}`);
  }
}

async function register(binary: WebAssembly.Module): Promise<void> {
  const made = await makeBackend(binary);
  // The import of TensorFlow.js's backend has registered one that would fetch its binary.
  if (findBackendFactory("wasm")) removeBackend("wasm");
  registerBackend("wasm", () => made, PRIORITY);
  backend = made;
  await setBackend("wasm");
}

/**
 * Makes 'wasm' the current backend, over TensorFlow.js's own binary.
 *
 * @throws Error where TensorFlow.js is not as expected, or 'wasm' is initialized already by someone else
 */
export async function usePrecompiledBackend(binary: WebAssembly.Module): Promise<void> {
  const { registry } = engine();
  if (registry.wasm && registry.wasm !== backend) {
    throw new Error(
      "useWasmModules: backend 'wasm' is there already, and may hold tensors; call useWasmModules before it is first used",
    );
  }
  if (registry.wasm) {
    await setBackend("wasm");
    return;
  }
  pending ??= register(binary).finally(() => {
    pending = undefined;
  });
  await pending;
}
