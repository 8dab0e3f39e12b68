import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Report } from "../results.js";
import { checkReport } from "./validate.js";

export async function writeReport(file: string, report: Report): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** Throws unless the file is a report of version 1. */
export async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: wanted a report of npm run bench, as JSON: ${(error as Error).message}`);
  }
  checkReport(value, file);
  return value;
}
