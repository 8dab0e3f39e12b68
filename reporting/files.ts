import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file so that whoever reads it finds all of it, or what was there before. */
export async function writeWhole(file: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(contents);
    await handle.sync(); // else a machine that stops here may keep the new name of an empty file
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** What a file holds, or undefined where there is none. */
export async function readIfThere(file: string | URL): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
