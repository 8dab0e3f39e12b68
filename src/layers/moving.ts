import { cast, greater, mul, sub, type Tensor } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { batchNormalization, normalizeBatch } from "../ops/batchNormalization.js";
import type { ChannelNormalizationConfig } from "../ops/normalization.js";
import { type ChannelMoments, countedMoments } from "./masks.js";

/** How much of a moving average is kept. */
export function checkMomentum(op: string, momentum: number): void {
  if (!(momentum >= 0 && momentum <= 1)) throw argumentError(op, "momentum", "be a number from 0 to 1", String(momentum));
}

/** An average, a step of `rate` of the way to a value, as TensorFlow.js's batch normalization has it. */
export function moved(average: Tensor, value: Tensor, rate: number | Tensor): Tensor {
  return sub(average, mul(sub(average, value), rate));
}

/** Moving mean and variance. */
export interface MovingMoments {
  mean: LayerVariable;
  variance: LayerVariable;
  momentum: number;
}

function follow({ mean, variance, momentum }: MovingMoments, moments: ChannelMoments): void {
  const { count } = moments;
  const rate = count ? mul(cast(greater(count, 0), "float32"), 1 - momentum) : 1 - momentum;
  mean.write(moved(mean.read(), moments.mean, rate));
  variance.write(moved(variance.read(), moments.variance, rate));
}

/** The batch normalized by its own moments, which the moving ones follow. @param counted as countedPlaces has it */
export function normalizeAndFollow(
  x: Tensor,
  config: ChannelNormalizationConfig & { axis: number },
  moving: MovingMoments,
  counted: Tensor | undefined,
): Tensor {
  if (!counted) {
    const { y, ...moments } = normalizeBatch(x, config);
    follow(moving, moments);
    return y;
  }
  const moments = countedMoments(x, counted, config.axis);
  follow(moving, moments);
  return batchNormalization(x, { ...config, mean: moments.mean, variance: moments.variance });
}
