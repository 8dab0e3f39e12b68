// How a backend of TensorFlow.js's is made out of a binary: with Emscripten's factory, as TensorFlow.js's own `init` does it, and
// Emscripten's `instantiateWasm`, which is documented. The rest is not. It is the same in TensorFlow.js 4.0 to 4.22, and looked for
// before a backend is registered:
//
// - A file of wasm-out/ exports Emscripten's factory. It fills the object it is given, at once where the instance is there at once,
//   and calls the binary's function f `_f`.
// - BackendWasm is made of that object, and calls six of those functions, under `tfjs`, by other names (BRIDGE).
// - Where there is a `process` of Node's the factory wants `__dirname`, `fs` and more, and catches what nobody else catches.

/** Throws: says that something was found which is not as it was expected. */
export type Fail = (found: string) => never;

type CFunction = (...args: number[]) => unknown;
type CType = "number" | null;

/** The object that the factory takes and fills. */
export interface Emscripten {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  /** The file that threads would load. */
  mainScriptUrlOrBlob?: string;
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

/** Runs a function while globals have other values. */
function withGlobals<T>(values: { [name: string]: unknown }, run: () => T): T {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const changeable = before.filter(([, descriptor]) => descriptor?.configurable !== false);
  for (const [name] of changeable) Object.defineProperty(globalThis, name, { value: values[name], configurable: true });
  try {
    return run();
  } finally {
    for (const [name, descriptor] of changeable) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as { [name: string]: unknown })[name];
    }
  }
}

interface Options {
  /** Of TensorFlow.js's, compiled. */
  binary: WebAssembly.Module;
  /** Names in messages. */
  names: { factory: string; binary: string };
  /** Globals that the factory is to see, beside a `process` that is not there. */
  globals?: { [name: string]: unknown };
  /** Exchanges imports of the binary. */
  adapt?(imports: WebAssembly.Imports): void;
  fail: Fail;
}

/**
 * Runs Emscripten's factory over a binary, and adds to what it makes what BackendWasm wants.
 *
 * @param exported what the factory's file exports: CommonJS, however it is imported here
 */
export async function instantiateEmscripten(
  exported: unknown,
  { binary, names, globals, adapt, fail }: Options,
): Promise<Emscripten> {
  const make = (exported as { default?: unknown }).default ?? exported;
  if (typeof make !== "function") fail(`${names.factory} exports ${typeof make}, not a function`);
  let called = false;
  let failure: unknown;
  const module: Emscripten = {
    instantiateWasm(imports, receive) {
      called = true;
      // Emscripten catches errors that are thrown in here, and fetches a binary instead.
      try {
        adapt?.(imports);
        const instance = new WebAssembly.Instance(binary, imports);
        receive(instance, binary);
        return instance.exports;
      } catch (error) {
        failure = error;
        return {};
      }
    },
    // Looked at where there is no `process`: a name that nobody opens.
    mainScriptUrlOrBlob: "",
  };
  let ready: unknown;
  try {
    ready = withGlobals({ ...globals, process: undefined }, () => (make as (module: Emscripten) => unknown)(module));
  } catch (error) {
    fail(`Emscripten's factory does not run here: ${error}`);
  }
  if (failure) fail(`${names.binary} cannot be instantiated: ${failure}`);
  if (!called) fail("Emscripten's factory does not call instantiateWasm");
  await ready;
  bridge(module, binary, names.binary, fail);
  return module;
}

function bridge(module: Emscripten, binary: WebAssembly.Module, name: string, fail: Fail): void {
  const there = new Set(WebAssembly.Module.exports(binary).map(({ name }) => `_${name}`));
  const called = Object.values(BRIDGE).map(([name]) => `_${name}`);
  const missing = called.filter((name) => !(name in module));
  if (missing.length > 0) fail(`Emscripten's module has no function ${missing[0]}`);
  const wrapped = Object.keys(module).filter((name) => name.startsWith("_"));
  const lacking = wrapped.filter((name) => !there.has(name));
  if (lacking.length > 0) {
    fail(`${name}, of another version perhaps, does not export what is called: ${lacking.join(", ")}`);
  }
  const { cwrap } = module;
  if (typeof cwrap !== "function") fail("Emscripten's module has no cwrap");
  module.tfjs = {};
  for (const [key, [name, result, parameters]] of Object.entries(BRIDGE)) {
    module.tfjs[key] = (cwrap as NonNullable<typeof cwrap>)(name, result, Array(parameters).fill("number"));
  }
}
