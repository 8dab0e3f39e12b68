import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { expect, it } from "vitest";
import { inProject } from "../../runtimes/project.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";
import { outcomeOf } from "./outcome.js";

interface Outcome {
  error?: string;
  backend: string;
  losses: number[];
  before: number[];
  after: number[];
}

const APP = fileURLToPath(new URL("app/", import.meta.url));

/** Functions that build the app in one folder to another folder. @returns warnings */
const BUNDLERS: { [name: string]: (from: string, to: string) => Promise<string[]> } = {
  async vite(root, outDir) {
    const warnings: string[] = [];
    const logger = vite.createLogger("silent");
    logger.warn = logger.warnOnce = (text) => warnings.push(text);
    const rollupOptions = { input: join(root, "vite.html") };
    await vite.build({
      root,
      configFile: false,
      customLogger: logger,
      build: { outDir, rollupOptions, chunkSizeWarningLimit: 4096 },
    });
    return warnings;
  },
  async esbuild(absWorkingDir, outdir) {
    const { warnings } = await esbuild.build({
      absWorkingDir,
      outdir,
      entryPoints: ["esbuild.js"],
      bundle: true,
      minify: true,
      format: "esm",
      loader: { ".wasm": "file" },
      logLevel: "silent",
    });
    cpSync(join(absWorkingDir, "esbuild.html"), join(outdir, "esbuild.html"));
    return warnings.map(({ text, location }) => `${location?.file}: ${text}`);
  },
};

it.skipIf(SKIPS_BROWSER).each(Object.entries(BUNDLERS))(
  "an app built by %s trains, saves, loads and predicts in a browser",
  (name, bundle) =>
    inProject(async (folder) => {
      cpSync(APP, folder, { recursive: true });
      const built = join(folder, "built");
      const warnings = await bundle(folder, built);
      expect(warnings.filter((text) => /tfjs-uan|dist\/esm/.test(text))).toEqual([]);
      const { error, backend, losses, before, after } = await outcomeOf<Outcome>(
        { folders: { "/": `${built}/` } },
        `/${name}.html`,
      );
      expect(error).toBe(undefined);
      expect(backend).toBe("wasm");
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
      expect(before.every(Number.isFinite)).toBe(true);
      expect(after).toEqual(before);
    }),
);
