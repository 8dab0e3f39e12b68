import type { Docs } from "../../reporting/docs.js";
import { markdownTable } from "../../reporting/markdown.js";
import { runtimeText, versionsText } from "../../runtimes/environment.js";
import { type Report, type Texts, TRAINS } from "./results.js";

/** One cell for a layer: its outcome, or, where its variants differ, what is wrong with which of them. */
function cell(variants: Record<string, string>): string {
  const outcomes = [...new Set(Object.values(variants))];
  if (outcomes.length === 1) return outcomes[0] as string;
  const named = (outcome: string) => Object.keys(variants).filter((variant) => variants[variant] === outcome);
  return outcomes
    .filter((outcome) => outcome !== TRAINS)
    .map((outcome) => `${outcome} (${named(outcome).join("; ")})`)
    .join(", ");
}

const fails = (variants: Record<string, string>) => Object.values(variants).some((outcome) => outcome !== TRAINS);

/** The layers that do not train without the library, or with it. The first row is the heads. */
export function failingRows({ without, with: withLibrary }: Report): string[][] {
  const failing = Object.keys(without).filter((layer) => fails(without[layer] ?? {}) || fails(withLibrary[layer] ?? {}));
  const rows = failing.map((layer) => [`\`${layer}\``, cell(without[layer] ?? {}), cell(withLibrary[layer] ?? {})]);
  return [["layer", "without tfjs-uan", "with tfjs-uan"], ...rows];
}

const list = (texts: Texts) =>
  Object.entries(texts).flatMap(([layer, variants]) =>
    Object.entries(variants).map(([variant, why]) => [`\`${layer}\``, variant, why]),
  );

/** What no backend trains. The first row is the heads. */
export const untrainableRows = ({ untrainable }: Report): string[][] => [["layer", "where", "why"], ...list(untrainable)];

/** What docs/training.md says of a report. */
export function layersDocs(report: Report): Docs {
  const heading = `\`npm run layers\` on ${runtimeText(report)}, ${versionsText(report)}, ${report.date.slice(0, 10)}.`;
  const tables = [markdownTable(failingRows(report)), "No backend can train these:", markdownTable(untrainableRows(report))];
  return { "docs/training.md": { layers: [heading, ...tables].join("\n\n") } };
}
