// Normalization by moments of the batch (docs/math.md, section 2.7) in float64, formula by formula. Tests compare with it.

import { MIN_VARIANCE } from "../constants.js";
import { evaluate, type Gradients, moments, type Problem } from "./mixture.js";

/** A problem of section 2.1, and what section 2.7 adds to it. */
export interface BatchProblem extends Problem {
  /** w_k: 1 (default), or 1/√λ_k. */
  componentWeights?: "equal" | "prior" | undefined;
  /** Default 0. */
  priorMass?: number | undefined;
  /** [K, C] */
  movingMean?: ArrayLike<number> | undefined;
  movingVariance?: ArrayLike<number> | undefined;
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

/** N_k, E_k, V_k and s_k, [K, C]. */
function shrunk(problem: BatchProblem) {
  const { epsilon, priorMass = 0, movingMean = problem.mean, movingVariance = problem.variance } = problem;
  const batch = moments(problem);
  const isInference = priorMass === Number.POSITIVE_INFINITY;
  const mass = batch.mass.map((n) => n + priorMass);
  const pooled = (j: number, ofBatch: number, ofPrior: number, otherwise: number) => {
    if (isInference) return ofPrior;
    const total = at(mass, j);
    return total > 0 ? (at(batch.mass, j) * ofBatch + (priorMass && priorMass * ofPrior)) / total : otherwise;
  };
  const mean = batch.mean.map((e, j) => pooled(j, e, at(movingMean, j), e));
  const variance = batch.variance.map((v, j) =>
    pooled(j, v + (at(batch.mean, j) - at(mean, j)) ** 2, at(movingVariance, j) + (at(movingMean, j) - at(mean, j)) ** 2, v),
  );
  const s = variance.map((v) => 1 / Math.sqrt(Math.max(v + epsilon, MIN_VARIANCE)));
  return { batch, mass, mean, variance, s };
}

/** The terms of each activation: responsibilities, u_k and w_k. */
function evaluateAll(problem: BatchProblem) {
  const { channels, components, x } = problem;
  const normalizers = shrunk(problem);
  const points = Array.from(x, (_, i) => {
    const point = evaluate(problem, i);
    const of = (f: (j: number, k: number) => number) =>
      Array.from({ length: components }, (_, k) => f(k * channels + point.channel, k));
    const u = of((j) => (at(x, i) - at(normalizers.mean, j)) * at(normalizers.s, j));
    const w = of((_, k) => (problem.componentWeights === "prior" ? 1 / Math.sqrt(at(point.lambda, k)) : 1));
    return { ...point, u, w };
  });
  return { ...normalizers, points };
}

const dot = (...factors: number[][]) =>
  (factors[0] as number[]).reduce((sum, first, k) => {
    const product = factors.slice(1).reduce((value, factor) => value * at(factor, k), first);
    return sum + (first === 0 ? 0 : product);
  }, 0);

/** y = γ Σ τ_k w_k u_k + β, and mass, mean and variance of the batch itself, each [K, C]. */
export function normalizeByBatch(problem: BatchProblem): Record<"y" | "mass" | "mean" | "variance", Float64Array> {
  const { gamma, beta } = problem;
  const { points, batch } = evaluateAll(problem);
  const y = points.map(({ channel, tau, w, u }) => {
    return dot(tau, w, u) * (gamma ? at(gamma, channel) : 1) + (beta ? at(beta, channel) : 0);
  });
  return { y: Float64Array.from(y), ...batch };
}

/** Gradients of Σ dy · y. */
export function gradientsByBatch(problem: BatchProblem, dy: ArrayLike<number>): Gradients {
  const { channels, components, gamma } = problem;
  const size = components * channels;
  const { points, mass, variance, s } = evaluateAll(problem);
  const zeros = (length: number) => new Float64Array(length);
  const [g, h] = [zeros(size), zeros(size)];
  const result: Gradients = {
    x: zeros(problem.x.length),
    mean: zeros(size),
    variance: zeros(size),
    prior: zeros(components),
    gamma: zeros(channels),
    beta: zeros(channels),
  };
  const add = (values: Float64Array, i: number, value: number) => {
    values[i] = at(values, i) + value;
  };
  const upstream = points.map(({ channel }, i) => at(dy, i) * (gamma ? at(gamma, channel) : 1));
  points.forEach(({ channel, tau, w, u }, i) => {
    add(result.gamma, channel, at(dy, i) * dot(tau, w, u));
    add(result.beta, channel, at(dy, i));
    tau.forEach((t, k) => {
      if (t === 0) return;
      add(g, k * channels + channel, at(w, k) * at(upstream, i) * t);
      add(h, k * channels + channel, at(w, k) * at(upstream, i) * t * at(u, k));
    });
  });
  const share = (sums: Float64Array, j: number) => (at(mass, j) > 0 ? at(sums, j) / at(mass, j) : 0);
  points.forEach(({ channel, d, v, lambda, tau, w, u }, i) => {
    const dtau = tau.map((_, k) => {
      const j = k * channels + channel;
      const spread = at(u, k) ** 2 - at(variance, j) * at(s, j) ** 2;
      return at(w, k) * at(u, k) * at(upstream, i) - at(u, k) * share(g, j) - 0.5 * spread * share(h, j);
    });
    const mean = dot(tau, dtau);
    tau.forEach((t, k) => {
      if (t === 0) return;
      const j = k * channels + channel;
      const dl = t * (at(dtau, k) - mean);
      const pull = (dl * at(d, k)) / at(v, k);
      add(result.x, i, t * at(s, j) * (at(w, k) * at(upstream, i) - share(g, j) - at(u, k) * share(h, j)) - pull);
      add(result.mean, j, pull);
      add(result.variance, j, (dl * (at(d, k) ** 2 / at(v, k) - 1)) / (2 * at(v, k)));
      add(result.prior, k, dl / at(lambda, k));
    });
  });
  if (problem.componentWeights === "prior") {
    const { lambda } = points[0] ?? { lambda: [] };
    lambda.forEach((l, k) => {
      for (let c = 0; c < channels; c++) add(result.prior, k, -at(h, k * channels + c) / (2 * l));
    });
  }
  return result;
}
