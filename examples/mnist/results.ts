import { readFile } from "node:fs/promises";
import { list, number, object, oneOf, record, string } from "../../reporting/checks.js";
import { writeWhole } from "../../reporting/files.js";
import type { Environment } from "../../runtimes/environment.js";
import type { Options } from "./options.js";
import type { Summary } from "./report.js";

/** The results of a run: the JSON that npm start writes. */
export interface Report extends Environment {
  /** Of this format. */
  version: 1;
  /** When the run ended, ISO 8601. */
  date: string;
  options: Options;
  summaries: Summary[];
}

const summary = object(
  { name: string, testAccuracy: number, finalLoss: number, secondsPerEpoch: number },
  { normalizingSecondsPerEpoch: number },
);

const report = object({
  version: oneOf(1),
  date: string,
  machine: object({ cpu: string, cores: number, memoryBytes: number, platform: string }),
  runtime: object({ name: string, version: string }),
  backend: object({ name: string }),
  versions: record(string),
  options: object({
    backend: string,
    threads: number,
    model: oneOf("cnn", "mlp"),
    width: number,
    digits: number,
    testDigits: number,
    epochs: number,
    batchSize: number,
    learningRate: number,
    components: number,
    seed: number,
  }),
  summaries: list(summary, 1),
});

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: wanted results of npm start, as JSON: ${(error as Error).message}`);
  }
}

/** Throws unless the file is the results of a run. */
export async function readReport(file: string): Promise<Report> {
  const value = await readJson(file);
  report(value, file);
  return value as Report;
}

/** Throws unless the file is a list of the results of runs. */
export async function readReports(file: string): Promise<Report[]> {
  const value = await readJson(file);
  list(report)(value, file);
  return value as Report[];
}

export const writeJson = (file: string, value: Report | Report[]): Promise<void> =>
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
