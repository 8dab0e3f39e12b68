// Normalizations of Keras, TensorFlow Addons and keras_contrib in float64 (docs/math.md, sections 4.5 and 4.6). x is rows, each of
// numbers that share what they are normalized by. Tests compare with it.

type Numbers = ArrayLike<number>;

/** x [rows, length], and for each place of a row a gamma and a beta. */
export interface RowsProblem {
  x: Numbers;
  length: number;
  epsilon: number;
  /** [length], or of one number. */
  gamma: Numbers;
  beta: Numbers;
}

const at = (values: Numbers, i: number) => values[i] as number;

/** y of each row, by a function of the row. */
function byRow(x: Numbers, length: number, normalize: (row: Float64Array) => Float64Array): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += length) {
    y.set(normalize(Float64Array.from({ length }, (_, i) => at(x, start + i))), start);
  }
  return y;
}

const meanOf = (row: Float64Array) => row.reduce((sum, value) => sum + value, 0) / row.length;
const varianceOf = (row: Float64Array) => {
  const mean = meanOf(row);
  return meanOf(row.map((value) => (value - mean) ** 2));
};

function affine({ gamma, beta }: RowsProblem, row: Float64Array): Float64Array {
  return row.map((value, i) => at(gamma, i % gamma.length) * value + at(beta, i % beta.length));
}

/** x/√max(Σ x², 1e-12): UnitNormalization. */
export function unitRows({ x, length }: Pick<RowsProblem, "x" | "length">): Float64Array {
  return byRow(x, length, (row) => {
    const divisor = Math.sqrt(
      Math.max(
        row.reduce((sum, value) => sum + value * value, 0),
        1e-12,
      ),
    );
    return row.map((value) => value / divisor);
  });
}

/** γ (x − E)/(√Var + ε) + β: keras_contrib's InstanceNormalization. */
export function contribRows(problem: RowsProblem): Float64Array {
  return byRow(problem.x, problem.length, (row) => {
    const [mean, deviation] = [meanOf(row), Math.sqrt(varianceOf(row))];
    return affine(
      problem,
      row.map((value) => (value - mean) / (deviation + problem.epsilon)),
    );
  });
}

/** γ x/√(Var + ε) + β: LayerNormalization with rms_scaling, whose β is 0. */
export function rmsScalingRows(problem: RowsProblem): Float64Array {
  return byRow(problem.x, problem.length, (row) => {
    const divisor = Math.sqrt(varianceOf(row) + problem.epsilon);
    return affine(
      problem,
      row.map((value) => value / divisor),
    );
  });
}

/** γ x/√(Σ x²/n + ε) + β: FilterResponseNormalization. */
export function filterResponseRows(problem: RowsProblem): Float64Array {
  return byRow(problem.x, problem.length, (row) => {
    const divisor = Math.sqrt(meanOf(row.map((value) => value * value)) + problem.epsilon);
    return affine(
      problem,
      row.map((value) => value / divisor),
    );
  });
}

/** A batch of one channel, and what batch renormalization (docs/math.md, section 4.5) knows of it. */
export interface RenormProblem {
  x: Numbers;
  /** 1 for numbers that count, and 0 for others. */
  counted: Numbers;
  gamma: number;
  beta: number;
  epsilon: number;
  mean: number;
  stddev: number;
  rmin: number;
  rmax: number;
  dmax: number;
}

/** The batch's moments, and the corrections to those that are known. */
export function renormCorrections({ x, counted, epsilon, mean, stddev, rmin, rmax, dmax }: RenormProblem) {
  const values = Float64Array.from(x).filter((_, i) => at(counted, i) === 1);
  const own = { mean: meanOf(values), variance: varianceOf(values) };
  const divisor = Math.max(stddev, Math.sqrt(epsilon));
  const r = Math.min(Math.max(Math.sqrt(own.variance + epsilon) / divisor, rmin), rmax);
  const d = Math.min(Math.max((own.mean - mean) / divisor, -dmax), dmax);
  return { ...own, r, d };
}

/** y of the batch. @param corrections those of the batch, which have no gradient */
export function renormalized(problem: RenormProblem, { r, d }: { r: number; d: number }): Float64Array {
  const { x, gamma, beta, epsilon } = problem;
  const { mean, variance } = renormCorrections(problem);
  return Float64Array.from(x, (value) => gamma * (((value - mean) / Math.sqrt(variance + epsilon)) * r + d) + beta);
}

/** The largest singular value of a matrix [rows, columns], by many steps of the power iteration. */
export function spectralNorm(matrix: Numbers, columns: number): number {
  const rows = matrix.length / columns;
  let right = Float64Array.from({ length: columns }, (_, i) => Math.cos(i + 1));
  let norm = 0;
  for (let step = 0; step < 2000; step++) {
    const left = Float64Array.from({ length: rows }, (_, i) =>
      right.reduce((sum, v, j) => sum + v * at(matrix, i * columns + j), 0),
    );
    const next = Float64Array.from({ length: columns }, (_, j) =>
      left.reduce((sum, v, i) => sum + v * at(matrix, i * columns + j), 0),
    );
    const size = Math.hypot(...next);
    norm = Math.sqrt(size);
    right = next.map((value) => value / size);
  }
  return norm;
}
