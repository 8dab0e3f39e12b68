import * as tf from "@tensorflow/tfjs-core";
import { composedUan as composed } from "../composed.js";
import { NORMALIZATIONS } from "../names.js";
import { type Contender, trainingStep } from "./contender.js";
import { uan } from "./uan.js";

export const composedUan: Contender = {
  name: NORMALIZATIONS.composed,
  against: uan,
  calls: ({ x, dy, mean, variance, prior }) => ({
    forward: () => tf.tidy(() => void composed(x, mean, variance, prior)),
    training: trainingStep(composed, [x, mean, variance, prior], dy),
  }),
};
