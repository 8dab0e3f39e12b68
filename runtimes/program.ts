import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { type ChromiumOptions, launchChromium, openPage } from "./chromium.js";
import { WASM_PATH } from "./paths.js";
import { serve } from "./serve.js";

const root = new URL("../", import.meta.url);

export interface ProgramOptions extends ChromiumOptions {
  /** Whether the page is cross-origin isolated, so that TensorFlow.js uses its threaded build. Default false. */
  isolated?: boolean;
  /** More folders to serve, by path. */
  folders?: { [path: string]: string };
  /** Is called with the console's messages and with uncaught errors. */
  log?: (text: string) => void;
}

/** Bundles a module to one ES module for browsers. `tfjs-uan` is the last build, in dist. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: fileURLToPath(root),
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  return (outputFiles[0] as { text: string }).text;
}

/** The folder of TensorFlow.js's own binaries, by the path that startPageBackend expects. */
export const tensorflowFolder = () => ({
  [WASM_PATH]: fileURLToPath(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", root)),
});

/**
 * Runs a program in Chromium.
 *
 * @param entry the path of a module, which puts its functions on globalThis
 * @param use is called with the page when the module has run. Afterwards, browser and server are closed.
 */
export async function inChromium<T>(entry: string, options: ProgramOptions, use: (page: Page) => Promise<T>): Promise<T> {
  const served = await serve({
    isolated: options.isolated ?? false,
    texts: {
      "/": '<!doctype html><link rel="icon" href="data:,"><script type="module">import "/program.js"; window.isLoaded = true;</script>',
      "/program.js": await bundle(entry),
    },
    folders: { ...tensorflowFolder(), ...options.folders },
  });
  try {
    const browser = await launchChromium(options);
    try {
      const page = await openPage(browser, `${served.url}/`, options.log);
      await page.waitForFunction("window.isLoaded");
      return await use(page);
    } finally {
      await browser.close();
    }
  } finally {
    await served.close();
  }
}
