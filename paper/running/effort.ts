import { COLOR, DATASETS } from "../../learning/data/facts.js";
import type { DataConfig } from "../../learning/data/prepare.js";
import type { RunConfig } from "../config.js";

/** A step's costs beside its images', in pixels of a network of width 1. */
const STEP = 60;
/** An image's in a perceptron. */
const PERCEPTRON = 1;
/** AdaMatch passes six images through the network for each of the source domain's. */
const ADAMATCH = 6;
/** Of observed gradients: at some steps, those farther along. */
const OBSERVED = 1.5;

function sizeOf({ name, train, asColor, halved }: DataConfig): { images: number; pixels: number } {
  const facts = DATASETS[name];
  const [height, width] = asColor ? COLOR : facts.shape;
  return { images: train ?? facts.train, pixels: halved ? (height * width) / 4 : height * width };
}

/** About how much work an epoch is, compared with others: for the time left. */
export function epochEffort({ network, data, target, batchSize, width, observe }: RunConfig): number {
  const { images, pixels } = sizeOf(data);
  const passes = target ? ADAMATCH : 1;
  const perImage = network === "cnn" ? pixels * width ** 2 : PERCEPTRON;
  const work = images * passes * perImage + (images / batchSize) * STEP;
  return observe === "gradients" ? OBSERVED * work : work;
}
