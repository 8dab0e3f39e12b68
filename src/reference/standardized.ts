// Activations with the batch's mean and variance taken out, shrunk toward moving ones (docs/math.md, section 2.5), in float64, formula
// by formula. Tests compare with it.

import { type Gradients, gradients, normalize, type Problem } from "./mixture.js";

/** x as [outer, channels, inner]. */
interface Batch {
  outer: number;
  channels: number;
  inner: number;
  epsilon: number;
  x: ArrayLike<number>;
  /** What the batch's moments are shrunk toward; mean and variance [channels]. Default: nothing. */
  moving?: { mean: ArrayLike<number>; variance: ArrayLike<number>; mass: number } | undefined;
}

/** A batch, normalized by its shrunk moments. */
export interface ShrunkProblem extends Batch {
  /** [channels] */
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
}

/** A batch, standardized, then normalized by a mixture. */
export interface StandardizedProblem extends Problem, Batch {}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

function standardize({ outer, channels, inner, epsilon, x, moving }: Batch) {
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const n = outer * inner;
  const mass = moving?.mass ?? 0;
  const sums = (value: (i: number) => number) => {
    const totals = new Float64Array(channels);
    for (let i = 0; i < x.length; i++) totals[channelOf(i)] = at(totals, channelOf(i)) + value(i);
    return totals;
  };
  const mean = sums((i) => at(x, i)).map((sum) => sum / n);
  const variance = sums((i) => (at(x, i) - at(mean, channelOf(i))) ** 2).map((sum) => sum / n);
  const shrunk = Array.from(mean, (own, c) => {
    const [ownVariance, a] = [at(variance, c), n / (n + mass)];
    if (!moving || mass === 0) return [own, ownVariance] as const;
    if (a === 0) return [at(moving.mean, c), at(moving.variance, c)] as const;
    const center = at(moving.mean, c) + a * (own - at(moving.mean, c));
    const ofBatch = ownVariance + (own - center) ** 2;
    const ofMoving = at(moving.variance, c) + (at(moving.mean, c) - center) ** 2;
    return [center, a * ofBatch + (1 - a) * ofMoving] as const;
  });
  const scale = shrunk.map(([, spread]) => 1 / Math.sqrt(spread + epsilon));
  const z = Float64Array.from(x, (value, i) => {
    const c = channelOf(i);
    return (value - (shrunk[c]?.[0] as number)) * at(scale, c);
  });
  /** The gradient of x, from that of z. */
  const back = (dz: ArrayLike<number>) => {
    // If the mass is infinite, nothing flows through the moments.
    const shares = (value: (i: number) => number) => sums(value).map((sum) => (mass === Infinity ? 0 : sum / (n + mass)));
    const across = shares((i) => at(dz, i));
    const along = shares((i) => at(dz, i) * at(z, i));
    return Float64Array.from(dz, (g, i) => {
      const c = channelOf(i);
      return at(scale, c) * (g - at(across, c) - at(z, i) * at(along, c));
    });
  };
  return { z, mean, variance, back, channelOf, sums };
}

/** y = γ z + β, and the batch's own mean and variance. */
export function normalizeShrunk(problem: ShrunkProblem) {
  const { z, mean, variance, channelOf } = standardize(problem);
  const { gamma, beta } = problem;
  return { y: z.map((value, i) => at(gamma, channelOf(i)) * value + at(beta, channelOf(i))), mean, variance };
}

/** Gradients of Σ dy·y. */
export function normalizeShrunkGradients(problem: ShrunkProblem, dy: ArrayLike<number>) {
  const { z, back, channelOf, sums } = standardize(problem);
  return {
    x: back(z.map((_, i) => at(dy, i) * at(problem.gamma, channelOf(i)))),
    gamma: sums((i) => at(dy, i) * at(z, i)),
    beta: sums((i) => at(dy, i)),
  };
}

/** y of docs/math.md, section 2.1, with z for x, and the batch's own mean and variance. */
export function normalizeStandardized(problem: StandardizedProblem) {
  const { z, mean, variance } = standardize(problem);
  return { y: normalize({ ...problem, x: z }), mean, variance };
}

/** Gradients of Σ dy·y. */
export function normalizeStandardizedGradients(problem: StandardizedProblem, dy: ArrayLike<number>): Gradients {
  const { z, back } = standardize(problem);
  const found = gradients({ ...problem, x: z }, dy);
  return { ...found, x: back(found.x) };
}
