import { readFile } from "node:fs/promises";
import { writeWhole } from "../../reporting/files.js";
import { nanForNull, type Results } from "../results.js";
import { checkResults } from "./validate.js";

const DIGITS = 6;

/** Shortens numbers, but not integers such as counts and seeds. JSON writes NaN, which means that a run diverged, as null. */
const rounded = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;

/** The contents of a file of results. */
export const toJson = (results: Results): string => `${JSON.stringify(results, rounded)}\n`;

export const writeResults = (file: string, results: Results): Promise<void> => writeWhole(file, toJson(results));

/** @param from the name of the file, for errors */
export function fromJson(text: string, from: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text, nanForNull);
  } catch (error) {
    throw new Error(`${from}: wanted results of npm run paper, as JSON: ${(error as Error).message}`);
  }
  checkResults(value, from);
  return value;
}

/** Throws unless the file has results of this version. */
export const readResults = async (file: string): Promise<Results> => fromJson(await readFile(file, "utf8"), file);
