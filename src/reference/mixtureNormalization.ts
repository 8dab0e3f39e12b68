// Mixture normalization (docs/math.md, section 5) in float64, formula by formula. Tests compare with it.

import { MIN_PRIOR, MIN_RESPONSIBILITY, MIN_VARIANCE } from "../constants.js";

/** Rows x [N, C]. */
export interface Rows {
  count: number;
  channels: number;
  components: number;
  epsilon: number;
  x: ArrayLike<number>;
}

/** A diagonal mixture: prior [K], mean and variance [K, C]. */
export interface VectorMixture {
  prior: ArrayLike<number>;
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;
const range = (length: number) => Array.from({ length }, (_, i) => i);
const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

const variances = ({ epsilon }: Rows, { variance }: VectorMixture) =>
  Float64Array.from(variance, (value) => Math.max(value + epsilon, MIN_VARIANCE));
const priors = ({ prior }: VectorMixture) => Float64Array.from(prior, (value) => Math.max(value, MIN_PRIOR));

/** ν [N, K]; NaN in rows that are not finite. */
export function responsibilities(rows: Rows, mixture: VectorMixture): Float64Array {
  const { count, channels, components, x } = rows;
  const v = variances(rows, mixture);
  const prior = priors(mixture);
  const density = (i: number, k: number) =>
    Math.log(at(prior, k)) -
    total(
      range(channels).map((c) => {
        const j = k * channels + c;
        return (Math.log(at(v, j)) + (at(x, i * channels + c) - at(mixture.mean, j)) ** 2 / at(v, j)) / 2;
      }),
    );
  const nu = range(count).flatMap((i) => {
    const l = range(components).map((k) => density(i, k));
    const most = Math.max(...l);
    const e = l.map((value) => Math.exp(value - most)).map((value) => (value < MIN_RESPONSIBILITY ? 0 : value));
    return e.map((value) => value / total(e));
  });
  return Float64Array.from(nu);
}

/** λ, E and Var by ν. Rows whose ν is NaN do not count; a component without mass keeps the mean and variance of `old`. */
export function moments({ count, channels, components, x }: Rows, nu: ArrayLike<number>, old: VectorMixture) {
  const good = range(count).filter((i) => !Number.isNaN(at(nu, i * components)));
  const mass = range(components).map((k) => total(good.map((i) => at(nu, i * components + k))));
  const average = (of: (i: number, j: number) => number, kept: ArrayLike<number>) =>
    Float64Array.from(range(components * channels), (j) => {
      const k = Math.floor(j / channels);
      if (at(mass, k) === 0) return at(kept, j);
      return total(good.map((i) => at(nu, i * components + k) * of(i, j))) / at(mass, k);
    });
  const value = (i: number, j: number) => at(x, i * channels + (j % channels));
  const mean = average(value, old.mean);
  const variance = average((i, j) => (value(i, j) - at(mean, j)) ** 2, old.variance);
  const prior = Float64Array.from(mass, (m, k) => (good.length > 0 ? m / total(mass) : at(old.prior, k)));
  return { prior, mean, variance };
}

/** `steps` EM steps from a start, then one more: the responsibilities of its E step, and the mixture of its M step. */
export function expectationMaximization(
  rows: Rows,
  start: VectorMixture,
  steps: number,
): { nu: Float64Array; mixture: VectorMixture } {
  const nu = responsibilities(rows, start);
  const mixture = moments(rows, nu, start);
  return steps > 0 ? expectationMaximization(rows, mixture, steps - 1) : { nu, mixture };
}

/** Σ_k ν_k/√λ_k · (x − E_k)/√(Var_k + ε), without gamma and beta. */
export function normalize(rows: Rows, nu: ArrayLike<number>, mixture: VectorMixture): Float64Array {
  const { channels, components, x } = rows;
  const v = variances(rows, mixture);
  const prior = priors(mixture);
  return Float64Array.from(x, (value, at0) => {
    const [i, c] = [Math.floor(at0 / channels), at0 % channels];
    return total(
      range(components).map((k) => {
        const j = k * channels + c;
        return (at(nu, i * components + k) * (value - at(mixture.mean, j))) / Math.sqrt(at(prior, k) * at(v, j));
      }),
    );
  });
}

/**
 * Gradients of Σ dy·(gamma·y + beta), ν held constant. With `batch` E and Var are the rows' own; without, constants.
 *
 * With z_k = (x − E_k)/√(Var_k + ε), M_k = Σ ν_k and S_k = Σ gamma·dy·ν_k, T_k = Σ gamma·dy·ν_k z_k over the rows:
 * dx = Σ_k ν_k/√(λ_k (Var_k + ε)) · (gamma·dy − [S_k + z_k T_k]/M_k), batch normalization's for each component.
 */
export function gradients(
  rows: Rows,
  nu: ArrayLike<number>,
  mixture: VectorMixture,
  dy: ArrayLike<number>,
  gamma: ArrayLike<number>,
  batch: boolean,
) {
  const { count, channels, components, x } = rows;
  const v = variances(rows, mixture);
  const prior = priors(mixture);
  const y = normalize(rows, nu, mixture);
  const overRows = (of: (i: number) => number) => total(range(count).map(of));
  const dx = new Float64Array(x.length);
  for (const c of range(channels)) {
    const g = (i: number) => at(gamma, c) * at(dy, i * channels + c);
    for (const k of range(components)) {
      const j = k * channels + c;
      const weight = (i: number) => at(nu, i * components + k);
      const z = (i: number) => (at(x, i * channels + c) - at(mixture.mean, j)) / Math.sqrt(at(v, j));
      const mass = overRows(weight);
      if (mass === 0) continue;
      const first = batch ? overRows((i) => g(i) * weight(i)) / mass : 0;
      const second = batch ? overRows((i) => g(i) * weight(i) * z(i)) / mass : 0;
      const gain = 1 / Math.sqrt(at(prior, k) * at(v, j));
      for (const i of range(count)) {
        dx[i * channels + c] = at(dx, i * channels + c) + gain * weight(i) * (g(i) - first - z(i) * second);
      }
    }
  }
  const perChannel = (of: (at0: number) => number) =>
    Float64Array.from(range(channels), (c) => overRows((i) => of(i * channels + c)));
  return { x: dx, gamma: perChannel((i) => at(dy, i) * at(y, i)), beta: perChannel((i) => at(dy, i)) };
}
