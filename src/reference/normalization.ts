// Section 3 of the specification, but for mixtures, in float64: the oracle of the tests.

/** x as `slabs` × [outer, channels, inner]; in each slab a mean and variance for each of `sets` runs of channels. */
export interface NormalizationProblem {
  slabs: number;
  outer: number;
  channels: number;
  inner: number;
  sets: number;
  epsilon: number;
  x: ArrayLike<number>;
  /** [channels] */
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

/** The channel of number i, and the set it is in, counted over all slabs. */
function place({ outer, channels, inner, sets }: NormalizationProblem, i: number) {
  const channel = Math.floor(i / inner) % channels;
  const slab = Math.floor(i / (outer * channels * inner));
  return { channel, set: slab * sets + Math.floor(channel / (channels / sets)) };
}

/** Means over sets of one number for each of x. */
function means(problem: NormalizationProblem, value: (i: number) => number): Float64Array {
  const { slabs, sets, x } = problem;
  const sums = new Float64Array(slabs * sets);
  for (let i = 0; i < x.length; i++) {
    const { set } = place(problem, i);
    sums[set] = at(sums, set) + value(i);
  }
  return sums.map((sum) => sum / (x.length / sums.length));
}

/** x̂ of every number, 1/√(Var + ε) of every set, and mean and variance [slabs, sets]. */
function standardize(problem: NormalizationProblem) {
  const { x, epsilon } = problem;
  const setOf = (i: number) => place(problem, i).set;
  const mean = means(problem, (i) => at(x, i));
  const variance = means(problem, (i) => (at(x, i) - at(mean, setOf(i))) ** 2);
  const inverse = variance.map((v) => 1 / Math.sqrt(v + epsilon));
  const z = Float64Array.from(x, (value, i) => (value - at(mean, setOf(i))) * at(inverse, setOf(i)));
  return { z, inverse, mean, variance };
}

/** y = γ x̂ + β, and mean and variance. */
export function normalizeSets(problem: NormalizationProblem) {
  const { z, mean, variance } = standardize(problem);
  const y = z.map((value, i) => {
    const { channel } = place(problem, i);
    return at(problem.gamma, channel) * value + at(problem.beta, channel);
  });
  return { y, mean, variance };
}

/** Gradients of Σ dy·y. */
export function normalizeSetsGradients(problem: NormalizationProblem, dy: ArrayLike<number>) {
  const { z, inverse } = standardize(problem);
  const gamma = new Float64Array(problem.channels);
  const beta = new Float64Array(problem.channels);
  const upstream = (i: number) => at(dy, i) * at(problem.gamma, place(problem, i).channel);
  const m1 = means(problem, upstream);
  const m2 = means(problem, (i) => upstream(i) * at(z, i));
  const x = z.map((value, i) => {
    const { channel, set } = place(problem, i);
    gamma[channel] = at(gamma, channel) + at(dy, i) * value;
    beta[channel] = at(beta, channel) + at(dy, i);
    return at(inverse, set) * (upstream(i) - at(m1, set) - value * at(m2, set));
  });
  return { x, gamma, beta };
}
