import * as tf from "@tensorflow/tfjs-core";
import { mixtureNormalization } from "tfjs-uan";
import { generator, normal, uniform } from "../../../learning/random.js";
import {
  expectationMaximization,
  gradients,
  normalize,
  type Rows,
  responsibilities,
  type VectorMixture,
} from "../../../src/reference/mixtureNormalization.js";
import { expectClose, expectCloseToLargest } from "../../helpers/closeness.js";
import { type Case, type Context, check, differentiate } from "./case.js";

interface Problem extends Rows {
  shape: number[];
  /** The mixture from which the rows were drawn. */
  mixture: VectorMixture;
  gamma: Float32Array;
  beta: Float32Array;
  dy: Float32Array;
}

/** Rows in as many clusters as components. @param apart the distance of the clusters' means in deviations */
function makeProblem(shape: number[], components: number, apart: number): Problem {
  const next = generator(1);
  const channels = shape.at(-1) as number;
  const count = shape.reduce((a, b) => a * b, 1) / channels;
  const mean = normal(next, components * channels, apart);
  const mixture = {
    prior: new Float32Array(components).fill(1 / components),
    mean,
    variance: new Float32Array(components * channels).fill(1),
  };
  const x = normal(next, count * channels).map((value, i) => {
    const k = Math.floor(i / channels) % components;
    return value + (mean[k * channels + (i % channels)] as number);
  });
  const gamma = uniform(next, channels, -2, 2);
  const beta = uniform(next, channels, -1, 1);
  const dy = normal(next, x.length);
  return { shape, count, channels, components, epsilon: 1e-3, x, mixture, gamma, beta, dy };
}

/** @param given whether the mixture is given, as at inference. Else it is fitted to clusters so far apart that the fit is unique. */
async function checkNorm(problem: Problem, given: boolean, { tolerance }: Context): Promise<void> {
  const { shape, channels, components, epsilon, x, gamma, beta, dy } = problem;
  const { prior, mean, variance } = problem.mixture;
  const actual = await differentiate(
    ({ x, gamma, beta }) => {
      const rows = (values: ArrayLike<number>) => tf.tensor(Float32Array.from(values), [components, channels]);
      const mixture = { prior: Float32Array.from(prior), mean: rows(mean), variance: rows(variance) };
      const config = { numComponents: components, seed: 5, epsilon, gamma, beta };
      return mixtureNormalization(x, given ? { ...config, mixture } : config);
    },
    { x: [x, shape], gamma: [gamma, [channels]], beta: [beta, [channels]] },
    dy,
  );
  const { nu, mixture } = given
    ? { nu: responsibilities(problem, problem.mixture), mixture: problem.mixture }
    : expectationMaximization(problem, problem.mixture, 4);
  const y = normalize(problem, nu, mixture).map((value, i) => {
    const channel = i % channels;
    return value * (gamma[channel] as number) + (beta[channel] as number);
  });
  expectClose(actual.y, y, tolerance.value);
  const expected = gradients(problem, nu, mixture, dy, gamma, !given);
  for (const name of ["x", "gamma", "beta"] as const) {
    expectCloseToLargest(actual.gradients[name], expected[name], tolerance.gradient, name);
  }
}

async function checkEmpty(): Promise<void> {
  const { y } = await differentiate(({ x }) => mixtureNormalization(x, { seed: 1 }), { x: [[], [0, 3]] }, []);
  check(y.length === 0, `got ${y.length} numbers`);
}

const PROBLEMS: [shape: number[], components: number][] = [
  [[12, 5], 1],
  [[24, 5], 2],
  [[3, 4, 4, 6], 3],
  [[8, 8, 8, 20], 3],
];

export const MIXTURE_NORMALIZATION: Case[] = [
  ...PROBLEMS.flatMap(([shape, components]) =>
    [true, false].map((given) => ({
      name: `mixtureNormalization, ${given ? "mixture given" : "fitted"}, [${shape}], K = ${components}`,
      run: (context: Context) => checkNorm(makeProblem(shape, components, given ? 1.5 : 20), given, context),
    })),
  ),
  { name: "mixtureNormalization, empty", run: checkEmpty },
];
