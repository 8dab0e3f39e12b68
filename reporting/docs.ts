import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { writeWhole } from "./files.js";
import { replaceBlock } from "./markdown.js";

const ROOT = new URL("../", import.meta.url);

/** What commands write into the documentation: blocks of Markdown by name, by the path of their document from the root. */
export type Docs = Record<string, Record<string, string>>;

export interface Document {
  path: string;
  /** Its text as it is, and as it must be. */
  is: string;
  wanted: string;
}

/** Throws where a document lacks the markers of a block. */
export function renderDocs(docs: Docs): Promise<Document[]> {
  const documents = Object.entries(docs).map(async ([path, blocks]): Promise<Document> => {
    const is = await readFile(new URL(path, ROOT), "utf8");
    try {
      const wanted = Object.entries(blocks).reduce((text, [name, block]) => replaceBlock(text, name, block), is);
      return { path, is, wanted };
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`);
    }
  });
  return Promise.all(documents);
}

/**
 * Writes blocks into their documents, and keeps the results that they show. Nothing is written where a marker is missing.
 *
 * @param results a path from the root
 * @param keep writes the results into the file that it is given
 * @returns the paths of the files that were written
 */
export async function publish(docs: Docs, results: string, keep: (file: string) => Promise<void>): Promise<string[]> {
  const documents = await renderDocs(docs);
  await keep(fileURLToPath(new URL(results, ROOT)));
  for (const { path, wanted } of documents) await writeWhole(fileURLToPath(new URL(path, ROOT)), wanted);
  return [...documents.map(({ path }) => path), results];
}
