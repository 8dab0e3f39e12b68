import { COLOR, DATASETS } from "../../learning/data/facts.js";
import type { DataConfig } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";

// The unit of effort is a pixel that passes through a CNN of width 1.

/** The effort of a step without its images. */
const STEP = 60;
/** The effort of an image in a perceptron. */
const PERCEPTRON = 1;
/** For each image of the source domain, AdaMatch passes six through the network. */
const ADAMATCH = 6;
/** The factor for observed gradients, of which some steps compute several. */
const OBSERVED = 1.5;

function sizeOf({ name, train, asColor, halved }: DataConfig): { images: number; pixels: number } {
  const facts = DATASETS[name];
  const [height, width] = asColor ? COLOR : facts.shape;
  return { images: train ?? facts.train, pixels: halved ? (height * width) / 4 : height * width };
}

/** About how much work an epoch is, compared with epochs of other runs. The estimate of the time left uses it. */
export function epochEffort({ network, data, target, batchSize, width, observe }: RunConfig): number {
  const { images, pixels } = sizeOf(data);
  const passes = target ? ADAMATCH : 1;
  const perImage = network === "cnn" ? pixels * width ** 2 : PERCEPTRON;
  const work = images * passes * perImage + (images / batchSize) * STEP;
  return observe === "gradients" ? OBSERVED * work : work;
}
