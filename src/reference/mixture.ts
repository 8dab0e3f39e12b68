// Unsupervised adaptive normalization, responsibilities and mixture moments (docs/math.md, sections 2 and 3) in float64, formula by
// formula. Tests compare with it.

import { MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";

/** x as [outer, channels, inner] and a mixture in each channel; mean and variance [K, C], prior [K]. */
export interface Problem {
  /** "uan" (default; docs/math.md, section 2.1) or "ucb" (docs/math.md, section 2.6). */
  formula?: "uan" | "ucb" | undefined;
  outer: number;
  channels: number;
  inner: number;
  components: number;
  epsilon: number;
  x: ArrayLike<number>;
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
  prior: ArrayLike<number>;
  /** [C], default ones. */
  gamma?: ArrayLike<number> | undefined;
  /** [C], default zeros. */
  beta?: ArrayLike<number> | undefined;
}

/** The terms of docs/math.md, section 2.1, for one activation, in the problem's formula. */
export interface At {
  channel: number;
  /** x − μ_k */
  d: number[];
  /** v_k */
  v: number[];
  z: number[];
  /** g_k = z_k/√lambda_k */
  lambda: number[];
  tau: number[];
  g: number[];
  y: number;
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

export function evaluate(problem: Problem, i: number): At {
  const { channels, inner, components, epsilon, x, mean, variance, prior } = problem;
  const isUcb = problem.formula === "ucb";
  const channel = Math.floor(i / inner) % channels;
  const of = (f: (k: number) => number) => Array.from({ length: components }, (_, k) => f(k));
  const v = of((k) => Math.max(at(variance, k * channels + channel) + epsilon, MIN_VARIANCE));
  const lambda = of((k) => (isUcb ? 1 + epsilon : Math.max(at(prior, k), MIN_PRIOR)));
  const d = of((k) => at(x, i) - at(mean, k * channels + channel));
  const z = of((k) => at(d, k) / Math.sqrt(at(v, k)));
  const weight = of((k) => (isUcb ? 0 : Math.log(at(lambda, k)) - Math.log(at(v, k)) / 2));
  const density = of((k) => at(weight, k) - at(d, k) ** 2 / (2 * at(v, k)));
  const more = isUcb && epsilon >= MIN_EPSILON ? Math.log(epsilon) : Number.NEGATIVE_INFINITY;
  const most = Math.max(...density, more);
  const e = density.map((l) => Math.exp(l - most));
  const sum = e.reduce((a, b) => a + b, Math.exp(more - most));
  const tau = e.map((value) => value / sum);
  const g = of((k) => at(z, k) / Math.sqrt(at(lambda, k)));
  const y = tau.reduce((total, t, k) => total + (t === 0 ? 0 : t * at(g, k)), 0);
  return { channel, d, v, z, lambda, tau, g, y };
}

/** y = γ Σ τ_k g_k + β */
export function normalize(problem: Problem): Float64Array {
  return Float64Array.from(problem.x, (_, i) => {
    const { channel, y } = evaluate(problem, i);
    return y * (problem.gamma ? at(problem.gamma, channel) : 1) + (problem.beta ? at(problem.beta, channel) : 0);
  });
}

/** Gradients of Σ dy · y (docs/math.md, section 2.2), by the names of their arguments. */
export interface Gradients {
  x: Float64Array;
  mean: Float64Array;
  variance: Float64Array;
  prior: Float64Array;
  gamma: Float64Array;
  beta: Float64Array;
}

export function gradients(problem: Problem, dy: ArrayLike<number>): Gradients {
  const { channels, components } = problem;
  const isUcb = problem.formula === "ucb";
  const result: Gradients = {
    x: new Float64Array(problem.x.length),
    mean: new Float64Array(components * channels),
    variance: new Float64Array(components * channels),
    prior: new Float64Array(components),
    gamma: new Float64Array(channels),
    beta: new Float64Array(channels),
  };
  const add = (values: Float64Array, i: number, value: number) => {
    values[i] = at(values, i) + value;
  };
  for (let i = 0; i < problem.x.length; i++) {
    const { channel, v, z, lambda, tau, g, y } = evaluate(problem, i);
    const upstream = at(dy, i) * (problem.gamma ? at(problem.gamma, channel) : 1);
    add(result.gamma, channel, at(dy, i) * y);
    add(result.beta, channel, at(dy, i));
    for (let k = 0; k < components; k++) {
      const u = upstream * at(tau, k);
      if (at(tau, k) === 0) continue;
      const deviation = Math.sqrt(at(v, k));
      const m = u * (((at(g, k) - y) * at(z, k)) / deviation - 1 / Math.sqrt(at(lambda, k) * at(v, k)));
      add(result.x, i, -m);
      add(result.mean, k * channels + channel, m);
      const square = at(z, k) ** 2 - (isUcb ? 0 : 1);
      add(result.variance, k * channels + channel, (u * ((at(g, k) - y) * square - at(g, k))) / (2 * at(v, k)));
      if (!isUcb) add(result.prior, k, (u * (at(g, k) / 2 - y)) / at(lambda, k));
    }
  }
  return result;
}

/** τ, [x, K] */
export function responsibilities(problem: Problem): Float64Array {
  return Float64Array.from(Array.from(problem.x, (_, i) => evaluate(problem, i).tau).flat());
}

/** n_k, m_k and s_k, each [K, C]. */
export function moments(problem: Problem): { mass: Float64Array; mean: Float64Array; variance: Float64Array } {
  const { channels, components, x } = problem;
  const size = components * channels;
  const mass = new Float64Array(size);
  const first = new Float64Array(size);
  const second = new Float64Array(size);
  const points = Array.from(x, (_, i) => evaluate(problem, i));
  const each = (f: (j: number, i: number, tau: number) => void) =>
    points.forEach(({ channel, tau }, i) => {
      tau.forEach((t, k) => {
        f(k * channels + channel, i, t);
      });
    });
  each((j, i, tau) => {
    mass[j] = at(mass, j) + tau;
    first[j] = at(first, j) + tau * at(x, i);
  });
  const mean = first.map((sum, j) => (at(mass, j) > 0 ? sum / at(mass, j) : at(problem.mean, j)));
  each((j, i, tau) => {
    second[j] = at(second, j) + tau * (at(x, i) - at(mean, j)) ** 2;
  });
  const variance = second.map((sum, j) => (at(mass, j) > 0 ? sum / at(mass, j) : at(problem.variance, j)));
  return { mass, mean, variance };
}
