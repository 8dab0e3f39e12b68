import { add, customGrad, div, exp, mul, neg, reshape, rsqrt, softmax, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { added, separate } from "../composed/layout.js";
import { meanOver, sumOver } from "../composed/sums.js";
import { sizeOf } from "../launch/plan.js";
import type { OUTPUT_SCALES } from "../ops/unsupervisedAdaptiveNormalization.js";

/** tf.exp, whose second derivative TensorFlow.js loses. */
function exponential(x: Tensor): Tensor {
  return customGrad((input, save) => {
    (save as (tensors: Tensor[]) => void)([input as Tensor]);
    return { value: exp(input as Tensor), gradFunc: (dy: Tensor, [given]: Tensor[]) => mul(dy, exponential(given as Tensor)) };
  })(x);
}

/** The weights that the authors' layer computes with. */
interface AuthorsMixture {
  /** [K, C] */
  mean: Tensor;
  /** [K, C] */
  variance: Tensor;
  /** Raw, [K, 1]. */
  prior: Tensor;
}

interface AuthorsConfig {
  /** The channel axis, counted from 0. */
  axis: number;
  epsilon: number;
  gamma: Tensor | undefined;
  beta: Tensor | undefined;
  outputScale: (typeof OUTPUT_SCALES)[number];
}

/**
 * What the authors' published layer `UnsupervisedAdaptiveNormalization` computes, in training and inference alike (docs/math.md,
 * section 2.8). It takes the softmax of the prior over an axis of size 1.
 *
 * @param x not empty; its first axis is the samples'
 */
export function authorsFormula(x: Tensor, { mean, variance, prior }: AuthorsMixture, config: AuthorsConfig): Tensor {
  const { shape } = x;
  const { axis, epsilon, gamma, beta, outputScale } = config;
  const [samples, channels] = [shape[0], shape[axis]] as [number, number];
  const numbers = reshape(x, [samples, sizeOf(shape, 1, axis), channels, sizeOf(shape, axis + 1)]);
  const [everywhere, space] = [
    [0, 1, 3],
    [1, 3],
  ];
  const [components] = mean.shape as [number];
  const perChannel = (tensor: Tensor) => separate(reshape(tensor, [components, 1, 1, channels, 1]));
  const [means, variances] = [perChannel(mean), perChannel(add(variance, epsilon))];
  const priors = separate(reshape(softmax(prior, 1), [components, 1, 1, 1, 1]));
  const densities = priors.map((lambda, k) => {
    const distance = sub(numbers, means[k] as Tensor);
    return mul(lambda, exponential(neg(div(square(distance), mul(variances[k] as Tensor, 2)))));
  });
  const all = add(added(densities), epsilon);
  const parts = densities.map((density, k) => {
    const tau = div(density, all);
    const share = div(tau, add(sumOver(tau, everywhere), epsilon));
    const weighted = mul(share, numbers);
    const center = meanOver(weighted, space);
    const spread = meanOver(mul(share, square(weighted)), space);
    const gain = mul(rsqrt(add(priors[k] as Tensor, epsilon)), rsqrt(add(spread, epsilon)));
    return mul(mul(tau, sub(numbers, center)), gain);
  });
  const factor = outputScale === "components" ? 1 / Math.sqrt(components) : 1;
  let y = mul(added(parts), factor);
  if (gamma) y = mul(y, reshape(gamma, [channels, 1]));
  if (beta) y = add(y, reshape(beta, [channels, 1]));
  return reshape(y, shape);
}
