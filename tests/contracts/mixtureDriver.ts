import * as tf from "@tensorflow/tfjs-core";
import type { BatchProblem } from "../../src/reference/batchMoments.js";
import type { Case as MixtureCase } from "../helpers/problems.js";
import type { Driver, TensorDriver } from "./case.js";
import { differentiate, type Numbers, read, readOne, tensorOf } from "./tensors.js";

/** Of moments "batch", whose further options are BatchProblem's, or of the mixture's own moments. */
export type Problem = MixtureCase & BatchProblem & { moments?: "batch" };

/** The options of moments "batch". */
function batchConfigOf({ moments, componentWeights, priorMass, movingMean, movingVariance, components, channels }: Problem) {
  if (!moments) return {};
  const moving = (values: ArrayLike<number> | undefined) => values && tensorOf([values, [components, channels]]);
  const own = { movingMean: moving(movingMean), movingVariance: moving(movingVariance) };
  return { moments, componentWeights, priorMass, ...own } as { moments: "batch"; priorMass?: number };
}

export const GRADIENT_NAMES = ["x", "mean", "variance", "prior", "gamma", "beta"] as const;
export const MOMENT_NAMES = ["mass", "mean", "variance"] as const;

export type Gradients = Record<(typeof GRADIENT_NAMES)[number], Float32Array>;
export type Moments = Record<(typeof MOMENT_NAMES)[number], Float32Array>;

/** What computes the ops of a univariate mixture in every channel. */
export interface MixtureDriver extends Driver {
  normalize(problem: Problem): Promise<Float32Array>;
  /** The gradients of Σ dy·y. */
  gradients(problem: Problem, dy: Float32Array): Promise<Gradients>;
  responsibilities(problem: Problem): Promise<Float32Array>;
  moments(problem: Problem): Promise<Moments>;
}

/** A mixture's tensors on the current backend. */
export function mixtureOf({ mean, variance, prior, components, channels }: Problem): [tf.Tensor, tf.Tensor, tf.Tensor] {
  return [tf.tensor(mean, [components, channels]), tf.tensor(variance, [components, channels]), tf.tensor(prior, [components])];
}

/** The library's ops on the current backend. */
export function onTensors(driver: TensorDriver): MixtureDriver & TensorDriver {
  const { library } = driver;
  return {
    ...driver,
    normalize: (problem) =>
      readOne(() => {
        const { x, shape, axis, epsilon, formula, channels, gamma, beta } = problem;
        const config = {
          ...{ axis, epsilon, formula },
          ...batchConfigOf(problem),
          ...(gamma && { gamma: tensorOf([gamma, [channels]]) }),
          ...(beta && { beta: tensorOf([beta, [channels]]) }),
        };
        return library.unsupervisedAdaptiveNormalization(tf.tensor(x, shape), ...mixtureOf(problem), config);
      }),
    async gradients({ x, mean, variance, prior, gamma, beta, ...problem }, dy) {
      const { shape, axis, epsilon, formula, components, channels } = problem;
      const config = { axis, epsilon, formula, ...batchConfigOf(problem as Problem) };
      const inputs: Record<keyof Gradients, Numbers> = {
        x: [x, shape],
        mean: [mean, [components, channels]],
        variance: [variance, [components, channels]],
        prior: [prior, [components]],
        gamma: [gamma ?? new Float32Array(channels).fill(1), [channels]],
        beta: [beta ?? new Float32Array(channels), [channels]],
      };
      const { gradients } = await differentiate(
        ({ x, mean, variance, prior, gamma, beta }) =>
          library.unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...config, gamma, beta }),
        inputs,
        dy,
      );
      return gradients;
    },
    responsibilities: (problem) =>
      readOne(() => {
        const { x, shape, axis, epsilon } = problem;
        return library.mixtureResponsibilities(tf.tensor(x, shape), ...mixtureOf(problem), { axis, epsilon });
      }),
    moments: (problem) =>
      read(() => {
        const { x, shape, axis, epsilon } = problem;
        const { mass, mean, variance } = library.mixtureMoments(tf.tensor(x, shape), ...mixtureOf(problem), { axis, epsilon });
        return { mass, mean, variance } as Record<keyof Moments, tf.Tensor>;
      }),
  };
}
