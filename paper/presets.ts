import type { DataName } from "../learning/data/facts.js";
import type { DataConfig, Folders } from "../learning/data/prepare.js";

/** Batches of this size, and how long networks are trained with them. */
export interface BatchSize {
  batchSize: number;
  epochs: number;
}

/** How much is trained. */
export interface Preset {
  name: "quick" | "full";
  description: string;
  seeds: number[];
  /** The paper's numbers of channels are multiplied by this. */
  width: number;
  batchSize: number;
  /**
   * Moving averages of methods without a prior mass cover about so many images, for every batch size: their momentum is 1 − batch
   * size / this. With AdaMatch, whose steps use four batches, they cover four times as many.
   */
  movingImages: number;
  /** How images of every data set are selected and changed. Default: all images, in their own size. */
  images: Pick<DataConfig, "train" | "test" | "halved" | "setAside">;
  /** Epochs of classification and components. */
  epochs: number;
  gradients: { epochs: number; learningRates: number[] };
  batchSizes: { sizes: BatchSize[]; train?: number };
  /** The numbers of components that are compared. */
  components: number[];
  mixed: { sizes: number[]; train?: number; epochs: number };
  longer: { train?: number; epochs: number };
  adaptation: { train?: number; batchSize: number; epochs: number };
  /** Of the experiment that chooses prior mass and memory. */
  choice: { seeds: number[]; sizes: BatchSize[]; train?: number; test?: number };
}

/**
 * The library's defaults. `npm run paper -- choose` compares MASSES and MEMORIES, with other seeds and other images than all other
 * experiments.
 */
export const PRIOR_MASS = 2;
export const MEMORY = 96;

export const MASSES = [1, 2, 4, 8];
export const MEMORIES = [32, 96, 320];

/** Learning rates of the paper's tables. */
export const LEARNING_RATES = [0.001, 0.005];

/** Those of the experiment with batch sizes. */
export const RATES = [...LEARNING_RATES, 0.02];

export const CHOICE_RATES = LEARNING_RATES;

/** `count` seeds. No seed of an experiment is one of the choice before it, and none chose anything before. */
export const seedsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
const FIRST_SEED = 101;
const FIRST_CHOICE_SEED = 301;
/** More would reach those of the choice. */
export const MAX_SEEDS = FIRST_CHOICE_SEED - FIRST_SEED;

export function withSeeds(preset: Preset, count: number): Preset {
  const choice = { ...preset.choice, seeds: seedsFrom(FIRST_CHOICE_SEED, count) };
  return { ...preset, seeds: seedsFrom(FIRST_SEED, count), choice };
}

const SEEDS = seedsFrom(FIRST_SEED, 3);
const CHOICE_SEEDS = seedsFrom(FIRST_CHOICE_SEED, 4);

/** Small batches make many steps. */
const QUICK_SIZES: BatchSize[] = [
  { batchSize: 2, epochs: 1 },
  { batchSize: 4, epochs: 1 },
  { batchSize: 8, epochs: 2 },
  { batchSize: 32, epochs: 4 },
  { batchSize: 128, epochs: 8 },
];

const FULL_SIZES: BatchSize[] = [2, 4, 8, 32, 128].map((batchSize) => ({ batchSize, epochs: 4 }));

export const PRESETS: Record<Preset["name"], Preset> = {
  quick: {
    name: "quick",
    description:
      "small networks, few images of half the height and width, few epochs; eight seeds take three quarters of an hour on two cores",
    seeds: SEEDS,
    width: 0.125,
    batchSize: 32,
    movingImages: 320,
    images: { train: 2048, test: 2000, halved: true, setAside: "left-out" },
    epochs: 6,
    gradients: { epochs: 4, learningRates: [0.001] },
    batchSizes: { sizes: QUICK_SIZES, train: 1024 },
    components: [1, 2, 3, 5, 8],
    mixed: { sizes: [32, 128], train: 1024, epochs: 6 },
    longer: { train: 1024, epochs: 16 },
    adaptation: { train: 1536, batchSize: 32, epochs: 6 },
    choice: {
      seeds: CHOICE_SEEDS,
      sizes: QUICK_SIZES.filter(({ batchSize }) => [2, 8, 32].includes(batchSize)),
      train: 1024,
      test: 1000,
    },
  },
  full: {
    name: "full",
    description: "the paper's network, all images, 100 epochs; it takes days on dozens of cores, months on two",
    seeds: SEEDS,
    width: 1,
    batchSize: 128,
    movingImages: 12800,
    images: {},
    epochs: 100,
    gradients: { epochs: 20, learningRates: LEARNING_RATES },
    batchSizes: { sizes: FULL_SIZES },
    components: [1, 2, 3, 4, 5, 6, 7, 8],
    mixed: { sizes: [32, 128], epochs: 20 },
    longer: { epochs: 400 },
    adaptation: { batchSize: 64, epochs: 20 },
    choice: { seeds: CHOICE_SEEDS, sizes: FULL_SIZES.filter(({ batchSize }) => [2, 8, 32].includes(batchSize)) },
  },
};

/** The data sets to classify: CIFAR if the user has it, else MNIST. */
export function classified(folders: Folders): DataName[] {
  const given = (["cifar-10", "cifar-100"] as const).filter((name) => folders[name] !== undefined);
  return given.length > 0 ? given : ["mnist"];
}

/** Seeds for the choice of images. A subset of MNIST for a target domain differs from the source's. */
const DATA_SEED = { source: 1, target: 2 };

/** @param train how many training images; default: the preset's number */
export function dataOf(
  preset: Preset,
  name: DataName,
  train = preset.images.train,
  role: keyof typeof DATA_SEED = "source",
): DataConfig {
  return { name, ...preset.images, ...(train !== undefined && { train }), seed: DATA_SEED[role] };
}
