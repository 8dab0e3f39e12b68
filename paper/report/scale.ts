import { type RunConfig, trainingImages } from "../config.js";
import type { Results } from "../results.js";
import { listed } from "./format.js";
import { seedsOf, unique } from "./runs.js";
import { dataLabel } from "./setting.js";

/** The epochs of the paper's classification. */
const PAPERS_EPOCHS = 100;

/** "1024 to 3072", or a single number. */
function range(values: number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `${least}` : `${least} to ${most}`;
}

type Shortfall = (configs: RunConfig[]) => string | undefined;

/** The ways in which runs can be smaller than the paper's. Each gives a phrase, or undefined. */
const SHORTFALLS: Shortfall[] = [
  (configs) => {
    const names = unique(configs.filter(({ target }) => !target).map(({ data }) => data.name));
    const isPapers = names.length === 0 || names.some((name) => name.startsWith("cifar"));
    return isPapers ? undefined : `images are ${listed(names.map(dataLabel))}'s, not the paper's CIFAR-10 and CIFAR-100`;
  },
  (configs) => (configs.some(({ data }) => data.halved) ? "images have half their height and width" : undefined),
  (configs) => {
    const subsets = configs.map(({ data }) => trainingImages(data)).filter(({ used, all }) => used < all);
    if (subsets.length === 0) return undefined;
    return `networks see ${range(subsets.map(({ used }) => used))} of ${range(subsets.map(({ all }) => all))} training images`;
  },
  (configs) => {
    const widths = configs.filter(({ network, width }) => network === "cnn" && width < 1).map(({ width }) => width);
    return widths.length > 0 ? `the CNN has ${range(widths)} times the paper's channels` : undefined;
  },
  (configs) => {
    const isLess = configs.some(({ experiment, epochs }) => experiment === "classification" && epochs < PAPERS_EPOCHS);
    const epochs = range(configs.map(({ epochs }) => epochs));
    return isLess ? `networks learn for ${epochs} epochs, where the paper's classification has ${PAPERS_EPOCHS}` : undefined;
  },
  (configs) => {
    const names = unique(configs.flatMap(({ target, elsewhere }) => (target ?? elsewhere)?.name ?? [])).filter(
      (name) => name !== "svhn",
    );
    return names.length > 0 ? `the domain to adapt to is ${listed(names.map(dataLabel))}, not SVHN` : undefined;
  },
];

/** Compares the runs' scale with the paper's, and says what that means for the figures. */
export function scaleText({ runs }: Results): string {
  const configs = runs.map(({ config }) => config);
  const phrases = SHORTFALLS.map((shortfall) => shortfall(configs)).filter((phrase) => phrase !== undefined);
  const count = seedsOf(runs).length;
  const seeds = `${count} seed${count === 1 ? "" : "s"}`;
  if (phrases.length === 0) return `Runs of ${seeds}.`;
  const scale = `This is not the paper's scale: ${phrases.join("; ")}. Runs of ${seeds}.`;
  return `${scale} The figures compare the methods at this scale; they neither confirm nor refute the paper's own.`;
}
