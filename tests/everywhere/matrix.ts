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
  lines: Line[];
}

export interface Line extends Result {
  /** The name of the target. */
  target: string;
  /** When it ran. */
  date: string;
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

/** The first and the last day. */
function daysOf(lines: Line[]): string {
  const days = lines.map(({ date }) => date.slice(0, 10)).sort();
  return [...new Set([days[0], days.at(-1)])].join(" to ");
}

/** What docs/platforms.md says of a report. */
export function matrixBlock({ lines }: Report): string {
  const [first] = lines;
  const rest = shortcomings(lines);
  return [
    `\`npm run everywhere\`, ${daysOf(lines)}, TensorFlow.js ${first?.tensorflow}:`,
    "",
    markdownTable(matrixCells(lines)),
    ...(rest.length > 0 ? ["", "Not passed:", "", ...rest.map((text) => `- ${text}`)] : []),
  ].join("\n");
}

export const matrixDocs = (report: Report): Docs => ({ "docs/platforms.md": { everywhere: matrixBlock(report) } });

export async function readResults(): Promise<Report> {
  return JSON.parse(await readFile(join(ROOT, RESULTS), "utf8"));
}

/**
 * A report with new lines in the place of old ones of the same targets.
 *
 * @param targets the names of all targets, in the order of the lines. Lines of others are left out.
 */
export function mergeReport(old: Report, lines: Line[], targets: string[]): Report {
  const byTarget = new Map([...old.lines, ...lines].map((line) => [line.target, line]));
  return { lines: targets.flatMap((target) => byTarget.get(target) ?? []) };
}

/** Writes a report into the documentation, and keeps it. @returns the files that were written */
export function publishMatrix(report: Report): Promise<string[]> {
  const json = `${JSON.stringify(report, null, 2)}\n`;
  return publish(matrixDocs(report), RESULTS, (file) => writeWhole(file, json));
}
