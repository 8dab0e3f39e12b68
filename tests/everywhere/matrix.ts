import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "../../reporting/files.js";
import { markdownTable, replaceBetween } from "../../reporting/markdown.js";
import { ROOT } from "../../runtimes/project.js";
import type { Result } from "./suite.js";

/** What became of the cases, place by place. */
export interface Report {
  date: string;
  lines: Line[];
}

export interface Line extends Result {
  runtime: string;
  variant?: string | undefined;
  /** For readers, beside the result's own. */
  backendTitle: string;
}

const RESULTS = join(ROOT, "tests/everywhere/results.json");
const README = join(ROOT, "README.md");

const countOf = ({ passed, failed, faults }: Result) => passed + failed.length + faults.length;

function computedBy({ binary, backend }: Result): string {
  if (binary) return `binary ${binary}`;
  const { device, software } = backend;
  // A GPU that is none does not matter; a package does.
  return ["TensorFlow.js", ...(software ? ["a GPU in software"] : device ? [device] : [])].join(", ");
}

/** Cells of the matrix, the first row its heads. */
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

/** What did not pass, a line for each reason. */
export function shortcomings(lines: Line[]): string[] {
  const found = lines.flatMap(({ runtime, backendTitle, faults, failed }) => [
    ...faults.map(({ name, reason }) => ({ where: backendTitle, text: `\`${name}\`: a fault of TensorFlow.js, ${reason}` })),
    ...failed.map(({ name, message }) => ({ where: `${runtime}, ${backendTitle}`, text: `\`${name}\`: ${message}` })),
  ]);
  const texts = [...new Set(found.map(({ text }) => text))];
  return texts.map((text) => {
    const places = new Set(found.filter((one) => one.text === text).map(({ where }) => where));
    return `${text} (${[...places].join("; ")})`;
  });
}

/** What stands in the README. */
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

/** The README as it is, and as a report wants it. */
export async function readmeOf(report: Report): Promise<{ is: string; wanted: string }> {
  const is = await readFile(README, "utf8");
  return { is, wanted: replaceBetween(is, "<!-- everywhere -->", "<!-- /everywhere -->", matrixBlock(report)) };
}

export async function readResults(): Promise<Report | undefined> {
  const text = await readIfThere(RESULTS);
  return text && JSON.parse(text.toString());
}

/** Writes a report into the README, and keeps it. */
export async function publish(report: Report): Promise<void> {
  const { wanted } = await readmeOf(report);
  await writeFile(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(README, wanted);
}
