import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { expect, it } from "vitest";
import { inProject, ROOT } from "../../runtimes/project.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";
import { type AppOutcome, shortcomingOf } from "./app/check.js";
import { BUNDLERS as PROJECTS } from "./bundlers/bundlers.js";
import { outcomeOf } from "./outcome.js";

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
      const outcome = await outcomeOf<AppOutcome>({ folders: { "/": `${built}/` } }, `/${name}.html`);
      expect(shortcomingOf(outcome, "wasm")).toBe(undefined);
    }),
);

it("docs/platforms.md has a row for every bundler", () => {
  const text = readFileSync(join(ROOT, "docs/platforms.md"), "utf8");
  const [section = ""] = text.split("\n## Bundlers\n")[1]?.split("\n## ") ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const titles = [...Object.keys(BUNDLERS), ...Object.values(PROJECTS).map(({ title }) => title)];
  const lacking = titles.filter((title) => !rows.some((row) => row.toLowerCase().includes(title.toLowerCase())));
  expect(lacking).toEqual([]);
});
