/** The path of the WASM backend's own files, for setWasmPaths. */
export const WASM_PATH = "/tensorflow/";
