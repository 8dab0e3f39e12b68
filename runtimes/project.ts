import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Makes a user's project with TensorFlow.js, WebGPU for Node.js and the last build of the library, which exists while `use` runs. */
export async function inProject<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tfjs-uan-"));
  try {
    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    symlinkSync(ROOT, join(modules, "tfjs-uan"), "junction");
    for (const name of ["@tensorflow", "webgpu"]) symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
