/** The path at which inChromium serves the files of the WASM backend, for setWasmPaths. */
export const WASM_PATH = "/tensorflow/";
