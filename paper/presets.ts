import type { DataName } from "../learning/data/facts.js";
import type { DataConfig, Folders } from "../learning/data/prepare.js";

/** How much is trained. */
export interface Preset {
  name: "quick" | "full";
  description: string;
  seeds: number[];
  /** What the paper's numbers of channels are multiplied with. */
  width: number;
  batchSize: number;
  /**
   * How many images moving moments look back on, whatever the size of batches: a step keeps 1 − batch size / this of them. By
   * AdaMatch, whose steps see four times a batch, that is four times as many.
   */
  movingImages: number;
  /** Of every data set; all of its images, in their own size, where it says nothing. */
  images: Pick<DataConfig, "train" | "test" | "halved">;
  /** Whether what the library might do by default is compared, too. */
  variants: boolean;
  /** Epochs of classification, gradients and components; what does not ask for more takes fewer. */
  epochs: number;
  gradients: { epochs: number; learningRates: number[] };
  batchSizes: { sizes: number[]; train?: number; epochs: number };
  adaptation: { train?: number; batchSize: number; epochs: number };
}

/** Learning rates of the paper's tables. */
export const LEARNING_RATES = [0.001, 0.005];

const BATCH_SIZES = [2, 4, 8, 32, 128];

/** 1 to a number. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const SEEDS = upTo(3);

export const PRESETS: Record<Preset["name"], Preset> = {
  quick: {
    name: "quick",
    description:
      "small networks, few images of half the height and width, few epochs: three seeds in under 15 minutes on two cores",
    seeds: SEEDS,
    width: 0.125,
    batchSize: 32,
    movingImages: 320,
    images: { train: 2048, test: 2000, halved: true },
    variants: true,
    epochs: 8,
    gradients: { epochs: 4, learningRates: [0.001] },
    batchSizes: { sizes: BATCH_SIZES, train: 1024, epochs: 2 },
    adaptation: { train: 1536, batchSize: 32, epochs: 8 },
  },
  full: {
    name: "full",
    description: "the paper's network, all images, 100 epochs: days on dozens of cores, months on two",
    seeds: SEEDS,
    width: 1,
    batchSize: 128,
    movingImages: 12800,
    images: {},
    variants: false,
    epochs: 100,
    gradients: { epochs: 20, learningRates: LEARNING_RATES },
    batchSizes: { sizes: BATCH_SIZES, epochs: 4 },
    adaptation: { batchSize: 64, epochs: 20 },
  },
};

/** The data sets to classify: CIFAR where the user has it, else MNIST. */
export function classified(folders: Folders): DataName[] {
  const given = (["cifar-10", "cifar-100"] as const).filter((name) => folders[name] !== undefined);
  return given.length > 0 ? given : ["mnist"];
}

/** Seed of the choice of images: a target domain made of the source's digits is another choice, where not all are taken. */
const DATA_SEED = { source: 1, target: 2 };

/** @param train how many training images, where the preset has not all */
export function dataOf(
  preset: Preset,
  name: DataName,
  train = preset.images.train,
  role: keyof typeof DATA_SEED = "source",
): DataConfig {
  return { name, ...preset.images, ...(train !== undefined && { train }), seed: DATA_SEED[role] };
}
