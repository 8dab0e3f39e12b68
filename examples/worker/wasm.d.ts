// The import of a `.wasm` file in a Worker.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
