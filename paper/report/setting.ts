import { CNN_CHANNELS, networkParts, PERCEPTRON_UNITS } from "../../examples/mnist/models.js";
import type { RunConfig } from "../config.js";
import { COLOR, DATASETS, type DataName } from "../data/facts.js";
import type { DataConfig } from "../data/prepare.js";
import { listed } from "./format.js";
import { type Runs, seedsOf, unique, valuesOf } from "./runs.js";

export const dataLabel = (name: DataName): string => DATASETS[name].label;

/** How many of its training images are used, and of how many. */
export const trainingImages = ({ name, train }: DataConfig) => ({
  used: train ?? DATASETS[name].train,
  all: DATASETS[name].train,
});

/** The source says how many images were chosen and what was done to them, but not what was left as it is. */
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

const PLACES: Record<RunConfig["place"], string> = {
  second: "what is compared after the second convolution, batch normalization after the others",
  all: "what is compared after all four convolutions",
};

function networkText({ network, width, place }: RunConfig): string {
  const { scaled } = networkParts(width, 0);
  const text = (sizes: number[], what: string) =>
    `${listed(sizes.map(scaled))} ${what}${width === 1 ? "" : ` (in the place of ${listed(sizes)})`}`;
  if (network === "mlp") return `a perceptron of ${text(PERCEPTRON_UNITS, "hidden units")}, what is compared after both layers`;
  return `the paper's shallow CNN of ${text(CNN_CHANNELS, "channels")}, ${PLACES[place]}`;
}

/** Whether a configuration lacks seeds that another one has. */
function isIncomplete(runs: Runs): boolean {
  const others = unique(runs.map(({ config }) => JSON.stringify({ ...config, seed: 0 })));
  return runs.length < others.length * seedsOf(runs).length;
}

function seedsText(runs: Runs): string {
  const seeds = seedsOf(runs);
  if (seeds.length === 1) return `one seed, ${seeds[0]}`;
  const missing = isIncomplete(runs) ? ", over n of them where a figure says so: the others' runs are missing" : "";
  return `means ± sample deviations over the seeds ${listed(seeds)}${missing}`;
}

/** "1 to 8", or all of them where they are few. */
function componentsText(components: number[]): string {
  return components.length > 3 ? `${components[0]} to ${components.at(-1)}` : listed(components);
}

/** What was trained on what, as the configurations say. */
export function settingText(runs: Runs): string {
  const each = (text: (run: Runs[number]) => string) => unique(runs.map(text)).join(", and ");
  const labelled = each(({ config, source }) => dataText(config.data, source));
  const others = each(({ config, target }) => (config.target ? dataText(config.target, target ?? "") : ""));
  const data = others === "" ? `Data: ${labelled}.` : `With labels: ${labelled}. Without, by AdaMatch: ${others}.`;
  const networks = each(({ config }) => networkText(config));
  const [rates, sizes] = [valuesOf(runs, "learningRate"), valuesOf(runs, "batchSize")];
  const training = `Adam at ${listed(rates)}, batches of ${listed(sizes)}, ${each(({ config }) => `${config.epochs}`)} epochs`;
  const components = `K = ${componentsText(valuesOf(runs, "components"))}`;
  return `${data} Network: ${networks}; ${components}. ${training}; ${seedsText(runs)}.`;
}
