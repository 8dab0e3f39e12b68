import { isDeepStrictEqual } from "node:util";
import type { Docs } from "../../reporting/docs.js";
import { markdownTable } from "../../reporting/markdown.js";
import { coresText, runtimeText, versionsText } from "../../runtimes/environment.js";
import { type Options, parseOptions } from "./options.js";
import { describeTraining, explanations, tableRows } from "./report.js";
import type { Report } from "./results.js";

/** The networks in the order of the document, and the command that trains each. */
const COMMANDS = { cnn: "npm start", mlp: "npm start -- --model mlp" };

const defaults = (model: string): Options | undefined => parseOptions(["--model", model]);

function section(report: Report): string {
  const where = `${coresText(report)}, ${runtimeText(report)}, ${versionsText(report)}, ${report.date.slice(0, 10)}`;
  const heading = `\`${COMMANDS[report.options.model]}\` (${describeTraining(report.options)}) on ${where}:`;
  return [heading, markdownTable(tableRows(report.summaries))].join("\n\n");
}

/** What docs/training.md says of one run of each network with the default options, in whatever order. */
export function mnistDocs(reports: Report[]): Docs {
  const models = Object.keys(COMMANDS);
  const ordered = reports.toSorted((a, b) => models.indexOf(a.options.model) - models.indexOf(b.options.model));
  const given = ordered.map(({ options }) => options.model);
  if (!isDeepStrictEqual(given, models)) {
    throw new Error(`the documents want a run of each of ${models.join(", ")}, got ${given.join(", ") || "none"}`);
  }
  for (const { options, runtime } of ordered) {
    if (!isDeepStrictEqual(options, defaults(options.model))) {
      throw new Error(`the documents want runs with the default options, got ${options.model} with ${JSON.stringify(options)}`);
    }
    if (runtime.name !== "Node.js") throw new Error(`the documents want runs in Node.js, got one in ${runtime.name}`);
  }
  const notes = explanations(ordered.flatMap(({ summaries }) => summaries));
  return { "docs/training.md": { mnist: [...ordered.map(section), notes.join("\n")].join("\n\n") } };
}
