import { readFile } from "node:fs/promises";
import { object, oneOf, record, string } from "../../reporting/checks.js";
import { writeWhole } from "../../reporting/files.js";
import type { Environment } from "../../runtimes/environment.js";

/** The outcome of a model that trains. Any other outcome says what is wrong. */
export const TRAINS = "trains";

/** A text for each variant of each layer of tf.layers. */
export type Texts = Record<string, Record<string, string>>;

/** The outcome of one process, with the library or without it. */
export interface Outcomes {
  outcomes: Texts;
  /** Why no backend can train a model. These models are not among the outcomes. */
  untrainable: Texts;
}

export interface Report extends Pick<Environment, "runtime" | "versions"> {
  /** Of this format. */
  version: 1;
  /** ISO 8601. */
  date: string;
  without: Texts;
  with: Texts;
  untrainable: Texts;
}

const texts = record(record(string));
const report = object({
  version: oneOf(1),
  date: string,
  runtime: object({ name: string, version: string }),
  versions: record(string),
  without: texts,
  with: texts,
  untrainable: texts,
});

/** Throws unless the file is a report. */
export async function readReport(file: string): Promise<Report> {
  const value: unknown = JSON.parse(await readFile(file, "utf8"));
  report(value, file);
  return value as Report;
}

export const writeReport = (file: string, value: Report): Promise<void> =>
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
