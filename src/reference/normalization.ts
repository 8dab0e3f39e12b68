// Normalization by mean and variance (docs/math.md, section 4) in float64. Tests compare with it.

/** x as `slices` × [outer, channels, inner]; in each slice a mean and variance for each of `groups` runs of channels. */
export interface NormalizationProblem {
  slices: number;
  outer: number;
  channels: number;
  inner: number;
  groups: number;
  /** Whether the mean is taken for 0, and the mean square for the variance. Default false. */
  rms?: boolean;
  epsilon: number;
  x: ArrayLike<number>;
  /** [channels] */
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

/** The channel of number i, and the group it is in, counted over all slices. */
function positionOf({ outer, channels, inner, groups }: NormalizationProblem, i: number) {
  const channel = Math.floor(i / inner) % channels;
  const slice = Math.floor(i / (outer * channels * inner));
  return { channel, group: slice * groups + Math.floor(channel / (channels / groups)) };
}

/** Means over groups of one number for each of x. */
function means(problem: NormalizationProblem, value: (i: number) => number): Float64Array {
  const { slices, groups, x } = problem;
  const sums = new Float64Array(slices * groups);
  for (let i = 0; i < x.length; i++) {
    const { group } = positionOf(problem, i);
    sums[group] = at(sums, group) + value(i);
  }
  return sums.map((sum) => sum / (x.length / sums.length));
}

/** x̂ of every number, 1/√(Var + ε) of every group, and mean and variance [slices, groups]. */
function standardize(problem: NormalizationProblem) {
  const { x, epsilon } = problem;
  const groupOf = (i: number) => positionOf(problem, i).group;
  const mean = means(problem, (i) => (problem.rms ? 0 : at(x, i)));
  const variance = means(problem, (i) => (at(x, i) - at(mean, groupOf(i))) ** 2);
  const inverse = variance.map((v) => 1 / Math.sqrt(v + epsilon));
  const z = Float64Array.from(x, (value, i) => (value - at(mean, groupOf(i))) * at(inverse, groupOf(i)));
  return { z, inverse, mean, variance };
}

/** y = γ x̂ + β, and mean and variance. */
export function normalizeSets(problem: NormalizationProblem) {
  const { z, mean, variance } = standardize(problem);
  const y = z.map((value, i) => {
    const { channel } = positionOf(problem, i);
    return at(problem.gamma, channel) * value + at(problem.beta, channel);
  });
  return { y, mean, variance };
}

/** Gradients of Σ dy·y (docs/math.md, section 4.4). */
export function normalizeSetsGradients(problem: NormalizationProblem, dy: ArrayLike<number>) {
  const { z, inverse } = standardize(problem);
  const gamma = new Float64Array(problem.channels);
  const beta = new Float64Array(problem.channels);
  const upstream = (i: number) => at(dy, i) * at(problem.gamma, positionOf(problem, i).channel);
  const m1 = means(problem, (i) => (problem.rms ? 0 : upstream(i)));
  const m2 = means(problem, (i) => upstream(i) * at(z, i));
  const x = z.map((value, i) => {
    const { channel, group } = positionOf(problem, i);
    gamma[channel] = at(gamma, channel) + at(dy, i) * value;
    beta[channel] = at(beta, channel) + at(dy, i);
    return at(inverse, group) * (upstream(i) - at(m1, group) - value * at(m2, group));
  });
  return { x, gamma, beta };
}
