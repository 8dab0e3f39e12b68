// What vite and vite.config.ts make of imports.

/** The URL of the file. */
declare module "*.wasm?url" {
  const url: string;
  export default url;
}

/** The URL of the digits. */
declare module "virtual:digits" {
  const url: string;
  export default url;
}
