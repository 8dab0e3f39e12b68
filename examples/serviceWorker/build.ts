import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";

const resolve = createRequire(import.meta.url).resolve;

export const FOLDER = fileURLToPath(new URL("./", import.meta.url));

/** What esbuild makes: page.js, serviceWorker.js, and the binaries beside them under their own names, for the service worker to cache. */
export const OPTIONS = {
  entryPoints: [
    `${FOLDER}page.ts`,
    `${FOLDER}serviceWorker.ts`,
    resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
    resolve("tfjs-uan/wasm/tfjs-uan-simd.wasm"),
  ],
  outdir: FOLDER,
  entryNames: "[name]",
  loader: { ".wasm": "copy" },
  bundle: true,
  format: "esm",
  logLevel: "error",
} satisfies BuildOptions;
