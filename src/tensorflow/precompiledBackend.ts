import { BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import * as factory from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import { instantiateEmscripten } from "./emscripten.js";
import { inTurn, useMadeBackend } from "./registerMade.js";

// TensorFlow.js makes its WASM backend out of a URL, never out of a module (github.com/tensorflow/tfjs/issues/8157).

function fail(found: string): never {
  throw new Error(`useWasmModules: expected what @tensorflow/tfjs-backend-wasm 4.0 to 4.22 has, but in ${version_wasm} ${found}`);
}

const names = { factory: "wasm-out/tfjs-backend-wasm.js", binary: "the module given as 'tensorflow'" };

/**
 * Makes 'wasm' the current backend, over TensorFlow.js's own binary, with SIMD or without, not threaded.
 *
 * @throws Error where TensorFlow.js is not as expected, or 'wasm' is initialized already by someone else
 */
export function usePrecompiledBackend(binary: WebAssembly.Module): Promise<void> {
  const make = async () => {
    const module = await instantiateEmscripten(factory, { binary, names, fail });
    try {
      return new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]);
    } catch (error) {
      return fail(`BackendWasm cannot be made: ${error}`);
    }
  };
  return inTurn(() => useMadeBackend("useWasmModules", "modules", make));
}
