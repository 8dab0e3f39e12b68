import { COLOR, DATASETS, type DataName } from "../../learning/data/facts.js";
import type { DataConfig } from "../../learning/data/prepare.js";
import { CNN_CHANNELS, networkParts, PERCEPTRON_UNITS } from "../../learning/networks.js";
import type { RunConfig } from "../config.js";
import { listed } from "./format.js";
import { isIncomplete, type Runs, seedsOf, unique, valuesOf } from "./runs.js";

export const dataLabel = (name: DataName): string => DATASETS[name].label;

/** The source names only what was changed. This adds the number and shape of images that were not. */
function dataText({ name, train, test, asColor, halved }: DataConfig, source: string): string {
  const facts = DATASETS[name];
  const isAll = train === undefined && test === undefined;
  const isReshaped = halved || (asColor && facts.shape !== COLOR);
  return [
    source,
    ...(isAll ? [`${facts.train} training and ${facts.test} test images`] : []),
    ...(isReshaped ? [] : [`of ${facts.shape.join(" x ")}`]),
  ].join("; ");
}

const NORMALIZED: Record<RunConfig["normalizes"], string> = {
  second: "what is compared after the second convolution, batch normalization after the others",
  all: "what is compared after all four convolutions",
};

function networkText({ network, width, normalizes }: RunConfig): string {
  const { scaled } = networkParts(width, 0);
  const text = (sizes: number[], what: string) =>
    `${listed(sizes.map(scaled))} ${what}${width === 1 ? "" : ` (in the place of ${listed(sizes)})`}`;
  if (network === "mlp") return `a perceptron of ${text(PERCEPTRON_UNITS, "hidden units")}, what is compared after both layers`;
  return `the paper's shallow CNN of ${text(CNN_CHANNELS, "channels")}, ${NORMALIZED[normalizes]}`;
}

/** "1 to 8" for more than three numbers without gaps, else all numbers. */
function ranged(numbers: number[]): string {
  const [first = 0, last = 0] = [numbers[0], numbers.at(-1)];
  const hasGaps = last - first >= numbers.length;
  return numbers.length > 3 && !hasGaps ? `${first} to ${last}` : listed(numbers);
}

function seedsText(runs: Runs): string {
  const seeds = seedsOf(runs);
  if (seeds.length === 1) return `one seed, ${seeds[0]}`;
  const missing = isIncomplete(runs) ? ", over n of them where a figure says so: the others' runs are missing" : "";
  return `means ± sample deviations over the seeds ${ranged(seeds)}${missing}`;
}

/** Describes data, networks and training of the runs. */
export function settingText(runs: Runs): string {
  const each = (text: (run: Runs[number]) => string) => unique(runs.map(text)).join(", and ");
  const labelled = each(({ config, source }) => dataText(config.data, source));
  const others = each(({ config, target }) => (config.target ? dataText(config.target, target ?? "") : ""));
  const unseen = each(({ config, elsewhere }) => (config.elsewhere ? dataText(config.elsewhere, elsewhere ?? "") : ""));
  const sources: [string, string][] = [
    [others || unseen ? "With labels" : "Data", labelled],
    ["Without, by AdaMatch", others],
    ["Not trained on", unseen],
  ];
  const data = sources.flatMap(([role, text]) => (text ? [`${role}: ${text}.`] : [])).join(" ");
  const networks = each(({ config }) => networkText(config));
  const [rates, sizes] = [valuesOf(runs, "learningRate"), valuesOf(runs, "batchSize")];
  const prior = `with a prior mass of ${listed(valuesOf(runs, "priorMass"))} and a memory of ${listed(valuesOf(runs, "memory"))} images`;
  const momentum = `moving moments ${prior}, or of momentum ${listed(valuesOf(runs, "momentum"))}`;
  const training = `Adam at ${listed(rates)}, batches of ${listed(sizes)}, ${listed(valuesOf(runs, "epochs"))} epochs, ${momentum}`;
  const components = `K = ${ranged(valuesOf(runs, "components"))}`;
  return `${data} Network: ${networks}; ${components}. ${training}; ${seedsText(runs)}.`;
}
