import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Docs, renderDocs } from "../../reporting/docs.js";

/** The file at a path from the repository's root. */
export const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Expects the blocks to stand in their documents. */
export async function expectWritten(docs: Docs): Promise<void> {
  const documents = await renderDocs(docs);
  expect(documents.length).toBeGreaterThan(0);
  for (const { is, wanted } of documents) expect(is).toBe(wanted);
}
