import {
  add,
  div,
  fill,
  log,
  maximum,
  mul,
  randomUniform,
  reshape,
  softmax,
  softplus,
  sum,
  type Tensor,
  type Tensor2D,
  tanh,
  tensor2d,
  tidy,
  zeros,
} from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

// The layer's own parametrization (docs/math.md, section 2.4): raw weights, and the effective values that the kernels take.

/** The smallest variance that has a raw value: no gradient would bring softplus⁻¹ of a smaller one back. */
const MIN_RAW_VARIANCE = 1e-6;

export const effectiveVariance = (raw: Tensor): Tensor => softplus(raw);

/** softplus⁻¹, v + log(1 − exp(−v)), with 1 − exp(−v) = 2t/(1 + t) and t = tanh(v/2): small variances keep their digits. */
export function rawVariance(effective: Tensor): Tensor {
  const variance = maximum(effective, MIN_RAW_VARIANCE);
  const t = tanh(div(variance, 2));
  return add(variance, log(div(mul(t, 2), add(t, 1))));
}

/** Softmax over the components of raw [K, 1]. @returns [K] */
export const effectivePrior = (raw: Tensor): Tensor => softmax(reshape(raw, [-1]));

/** Raw [K, 1] of an effective prior [K], which is positive. */
export const rawPrior = (effective: Tensor): Tensor => reshape(log(effective), [-1, 1]);

/** The smallest prior that a moving estimate keeps, of the K-th part that all have where they are equal. */
const MIN_SHARE = 0.05;

/**
 * A moving prior [K] that none may vanish from. Outputs are divided by √prior: where a component had no activations for long, those
 * of the first new ones would grow without bound; so they grow by a factor of √20 at most.
 */
export function withFloor(prior: Tensor): Tensor {
  const floored = maximum(prior, MIN_SHARE / prior.size);
  return div(floored, sum(floored));
}

/** softplus⁻¹(1) */
const RAW_ONE = 0.5413248546129181;

/** K numbers spread evenly over [−1, 1], 0 for one, for every channel: [K, C]. */
export function spread(components: number, channels: number): Tensor2D {
  const step = (k: number) => (components === 1 ? 0 : (2 * k) / (components - 1) - 1);
  return tensor2d(
    Array.from({ length: components * channels }, (_, i) => step(Math.floor(i / channels))),
    [components, channels],
  );
}

/** The weights that make up a mixture, all raw: mean [K, C], variance [K, C], prior [K, 1]. */
export type MixtureWeights = Record<"mean" | "variance" | "prior", LayerVariable>;

/** Their starting values. */
export type Start = Record<keyof MixtureWeights, () => Tensor>;

/** 'random', the paper's: μ ~ U(−1, 1), raw variance ~ U(0.001, 0.01), raw prior ~ U(0.01, 0.99), normalized. */
export function randomStart(components: number, channels: number, seed?: number): Start {
  const seeded = (i: number) => (seed === undefined ? undefined : seed + i);
  const shape: [number, number] = [components, channels];
  return {
    mean: () => randomUniform(shape, -1, 1, "float32", seeded(0)),
    variance: () => randomUniform(shape, 0.001, 0.01, "float32", seeded(1)),
    prior: () =>
      tidy(() => {
        const prior = randomUniform([components, 1], 0.01, 0.99, "float32", seeded(2));
        return div(prior, sum(prior));
      }),
  };
}

/** Where 'data' starts before it has seen any: as if the channel's mean were 0 and its deviation 1. */
export function standardStart(components: number, channels: number): Start {
  return {
    mean: () => spread(components, channels),
    variance: () => fill([components, channels], RAW_ONE, "float32"),
    prior: () => zeros([components, 1]),
  };
}
