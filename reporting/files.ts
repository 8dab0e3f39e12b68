import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file as a whole: a reader finds all of it, or all that was there before. */
export async function writeWhole(file: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(contents);
    await handle.sync(); // otherwise a machine that crashes now may be left with an empty file under the new name
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** The contents of a file, or undefined where there is none. */
export async function readIfThere(file: string | URL): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
