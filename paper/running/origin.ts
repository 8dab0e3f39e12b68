import { createHash, type Hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Folders } from "../data/prepare.js";

/** Code that a run's numbers follow from, from the project's root. */
const CODE = [
  "dist/esm",
  "dist/wasm",
  "examples/mnist/models.ts",
  "examples/mnist/random.ts",
  "paper/data",
  "paper/methods.ts",
  "paper/metrics.ts",
  "paper/network.ts",
  "paper/random.ts",
  "paper/training",
];

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The files of a folder and of those in it; a file itself. Sorted. */
async function filesIn(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const names = (await readdir(path)).sort();
  return (await Promise.all(names.map((name) => filesIn(join(path, name))))).flat();
}

async function addContents(hash: Hash, path: string): Promise<void> {
  for (const file of await filesIn(join(ROOT, path))) hash.update(await readFile(file));
}

/** Data are large: their sizes and times of change stand for them. Who reads them says where there are none. */
async function addDates(hash: Hash, folder: string): Promise<void> {
  hash.update(folder);
  for (const file of await filesIn(folder).catch(() => [])) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}`);
  }
}

/** What runs' numbers follow from beside their configurations: versions, code, and the user's data. */
export async function originOf(software: string, folders: Folders): Promise<string> {
  const hash = createHash("sha256").update(software);
  for (const path of CODE) await addContents(hash, path);
  for (const folder of Object.values(folders)) await addDates(hash, folder);
  return hash.digest("hex");
}
