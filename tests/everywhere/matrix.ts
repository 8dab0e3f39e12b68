import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Docs, publish } from "../../reporting/docs.js";
import { writeWhole } from "../../reporting/files.js";
import { markdownTable } from "../../reporting/markdown.js";
import { hasPrograms } from "../../runtimes/backends.js";
import { ROOT } from "../../runtimes/project.js";
import type { Result } from "./suite.js";

/** How the cases ended in each runtime, on each backend. */
export interface Report {
  date: string;
  lines: Line[];
}

export interface Line extends Result {
  runtime: string;
  variant?: string | undefined;
  /** The name of the backend as the matrix shows it. */
  backendTitle: string;
}

const RESULTS = "tests/everywhere/results.json";

const countOf = ({ passed, failed, faults }: Result) => passed + failed.length + faults.length;

function computedBy({ binary, backend }: Result): string {
  if (binary) return `binary ${binary}`;
  const { device, software } = backend;
  // The name of a renderer in software does not matter, that of a package does.
  const by = hasPrograms(backend.name) ? "programs of the library" : "TensorFlow.js";
  return [by, ...(software ? ["a GPU in software"] : device ? [device] : [])].join(", ");
}

/** The matrix as text. The first row is its heads. */
export function matrixCells(lines: Line[]): string[][] {
  const heads = ["runtime", "backend", "computed by", "passed"];
  return [
    heads,
    ...lines.map((line) => {
      const { runtime, version, variant, backendTitle, passed } = line;
      const where = [`${runtime} ${version}`, ...(variant ? [variant] : [])].join(", ");
      return [where, backendTitle, computedBy(line), `${passed} of ${countOf(line)}`];
    }),
  ];
}

/** The cases that did not pass, a line for each reason. */
export function shortcomings(lines: Line[]): string[] {
  const found = lines.flatMap(({ runtime, backendTitle, faults, failed }) => [
    ...faults.map(({ name, reason }) => ({ where: backendTitle, text: `\`${name}\`: a fault of TensorFlow.js, ${reason}` })),
    ...failed.map(({ name, message }) => ({ where: `${runtime}, ${backendTitle}`, text: `\`${name}\`: ${message}` })),
  ]);
  const texts = [...new Set(found.map(({ text }) => text))];
  return texts.map((text) => {
    const backends = new Set(found.filter((one) => one.text === text).map(({ where }) => where));
    return `${text} (${[...backends].join("; ")})`;
  });
}

/** What docs/platforms.md says of a report. */
export function matrixBlock({ date, lines }: Report): string {
  const [first] = lines;
  const rest = shortcomings(lines);
  return [
    `\`npm run everywhere\`, ${date.slice(0, 10)}, TensorFlow.js ${first?.tensorflow}:`,
    "",
    markdownTable(matrixCells(lines)),
    ...(rest.length > 0 ? ["", "Not passed:", "", ...rest.map((text) => `- ${text}`)] : []),
  ].join("\n");
}

export const matrixDocs = (report: Report): Docs => ({ "docs/platforms.md": { everywhere: matrixBlock(report) } });

export async function readResults(): Promise<Report> {
  return JSON.parse(await readFile(join(ROOT, RESULTS), "utf8"));
}

/** Writes a report into the documentation, and keeps it. @returns the files that were written */
export function publishMatrix(report: Report): Promise<string[]> {
  const json = `${JSON.stringify(report, null, 2)}\n`;
  return publish(matrixDocs(report), RESULTS, (file) => writeWhole(file, json));
}
