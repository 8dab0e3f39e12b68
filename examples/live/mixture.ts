import { binCenters, type Histogram } from "./histogram.js";

/** A channel's mixture of K Gaussians, in the space of its activations. */
export interface Mixture {
  mean: number[];
  variance: number[];
  /** They add up to 1. */
  prior: number[];
}

/** A channel's weights in a layer that standardizes: raw ones, as the layer keeps them. */
export interface RawMixture extends Mixture {
  movingMean: number;
  movingVariance: number;
  epsilon: number;
}

/** log(1 + eˣ), which does not overflow. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * The mixture that a layer infers with (docs/math.md, sections 2.4 and 2.5): variances are the softplus of what is kept, priors the
 * softmax; the standardization by moving averages, with mean m and deviation s, is folded in: means m + s·μ, variances s²·(v + ε).
 */
export function effectiveMixture({ mean, variance, prior, movingMean, movingVariance, epsilon }: RawMixture): Mixture {
  const spread = movingVariance + epsilon;
  const largest = Math.max(...prior);
  const weights = prior.map((p) => Math.exp(p - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    mean: mean.map((m) => movingMean + Math.sqrt(spread) * m),
    variance: variance.map((v) => spread * (softplus(v) + epsilon)),
    prior: weights.map((weight) => weight / total),
  };
}

/** The density of each component at x, times its prior. Together they are the mixture's. */
export function componentDensities({ mean, variance, prior }: Mixture, x: number): number[] {
  return mean.map((m, k) => {
    const v = variance[k] as number;
    return ((prior[k] as number) * Math.exp(-((x - m) ** 2) / (2 * v))) / Math.sqrt(2 * Math.PI * v);
  });
}

/** The component with the largest responsibility, of rows of K responsibilities, one row for each activation. */
export function owners(responsibilities: ArrayLike<number>, components: number): number[] {
  return Array.from({ length: responsibilities.length / components }, (_, row) => {
    let best = 0;
    for (let k = 1; k < components; k++) {
      if ((responsibilities[row * components + k] as number) > (responsibilities[row * components + best] as number)) best = k;
    }
    return best;
  });
}

/** How much higher than the mixture a bar is drawn. */
const BAR_ROOM = 3;

/**
 * The highest density that a picture of both has room for. Where a digit's paper is, all activations of a first layer are the same:
 * their bar would press the mixture flat, and is cut off.
 */
export function shownDensity(histogram: Histogram, mixture: Mixture): number {
  const peak = Math.max(
    ...binCenters(histogram).map((x) => componentDensities(mixture, x).reduce((sum, density) => sum + density, 0)),
  );
  const highest = Math.max(...histogram.densities);
  return peak > 0 ? Math.max(peak, Math.min(highest, BAR_ROOM * peak)) : Math.max(highest, Number.MIN_VALUE);
}
