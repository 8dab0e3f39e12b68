// What a Worker sees of a `.wasm` file.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
