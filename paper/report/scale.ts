import type { RunConfig } from "../config.js";
import type { Results } from "../results.js";
import { listed } from "./format.js";
import { seedsOf, unique } from "./runs.js";
import { dataLabel, trainingImages } from "./setting.js";

/** Of the paper's classification. */
const PAPERS_EPOCHS = 100;

/** "1024 to 3072", or the one number that there is. */
function range(values: number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `${least}` : `${least} to ${most}`;
}

type Shortfall = (configs: RunConfig[]) => string | undefined;

/** In what runs can be less than the paper's: a phrase each, nothing where they are not. */
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
    const names = unique(configs.flatMap(({ target }) => target?.name ?? [])).filter((name) => name !== "svhn");
    return names.length > 0 ? `the domain to adapt to is ${listed(names.map(dataLabel))}, not SVHN` : undefined;
  },
];

/** How far the runs' scale is from the paper's, and what follows. */
export function scaleText({ runs }: Results): string {
  const configs = runs.map(({ config }) => config);
  const phrases = SHORTFALLS.map((shortfall) => shortfall(configs)).filter((phrase) => phrase !== undefined);
  const count = seedsOf(runs).length;
  const seeds = `${count} seed${count === 1 ? "" : "s"}`;
  if (phrases.length === 0) return `Runs of ${seeds}.`;
  const scale = `This is not the paper's scale: ${phrases.join("; ")}. Runs of ${seeds}.`;
  return `${scale} The figures compare the methods at this scale; they neither confirm nor refute the paper's own.`;
}
