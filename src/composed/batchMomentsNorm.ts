import {
  add,
  cast,
  clone,
  div,
  equal,
  greater,
  maximum,
  mul,
  onesLike,
  reshape,
  rsqrt,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import { MIN_TAU, MIN_VARIANCE } from "../constants.js";
import type { BatchMomentsAttrs, BatchMomentsGradInputs, BatchMomentsInputs } from "../kernels/batchMomentsNorm.js";
import { unrecorded } from "../tensorflow/tape.js";
import { activations, gathered, type Mixture, mixtureOf, perChannel, separate, spread, total } from "./mixture.js";
import { restOf } from "./shrinkage.js";
import { sumOver } from "./sums.js";
import { straightThrough, type Tensors } from "./tensors.js";

// Normalization by moments of the batch (docs/math.md, section 2.7), composed of TensorFlow.js operations.

type Inputs = Omit<Tensors<BatchMomentsInputs>, "gamma" | "beta">;

/** Comparisons have no gradient. */
const isZero = (a: Tensor) => unrecorded(() => equal(a, 0));

/** A quotient, 0 where the divisor is 0. */
function shareOf(a: Tensor, divisor: Tensor): Tensor {
  const empty = isZero(divisor);
  return div(where(empty, zerosLike(divisor), a), where(empty, onesLike(divisor), divisor));
}

/**
 * Mass, mean, what this lost when it was rounded, variance [K, C], and x − mean of every component, without that loss. In inference
 * there is no mass, and the mean that x is taken from is the moving one.
 */
function momentsOf(
  { x, components }: Mixture,
  { mean, variance, movingMean }: Inputs,
  { inference }: BatchMomentsAttrs,
  view: MixtureView,
) {
  const distances = (means: Tensor, from: Tensor[]) => spread(means, view).map((center, k) => sub(from[k] as Tensor, center));
  const xs = components.map(() => x as Tensor);
  if (inference) {
    return {
      mass: zerosLike(mean),
      mean: clone(mean),
      residual: zerosLike(mean),
      variance: clone(variance),
      exact: distances(movingMean, xs),
    };
  }
  const taus = components.map(({ tau }) => tau);
  const mass = gathered(taus, view);
  const empty = isZero(mass);
  const average = (of: Tensor[], old: Tensor) => where(empty, old, shareOf(gathered(of, view), mass));
  const weighted = (of: Tensor[]) => taus.map((tau, k) => mul(tau, of[k] as Tensor));
  const rounded = average(weighted(xs), mean);
  const deviations = distances(rounded, xs);
  const residual = average(weighted(deviations), zerosLike(mean));
  const exact = distances(residual, deviations);
  return { mass, mean: rounded, residual, variance: average(weighted(exact.map((d) => square(d))), variance), exact };
}

/** s_k and V_k s_k², N_k, [K, C], and τ_k and u_k of every activation. */
function normalized(mixture: Mixture, inputs: Inputs, attrs: BatchMomentsAttrs, view: MixtureView) {
  const { priorMass, movingMean, movingVariance } = inputs;
  const batch = momentsOf(mixture, inputs, attrs, view);
  const count = add(batch.mass, priorMass);
  const share = shareOf(batch.mass, count);
  const rest = attrs.inference ? onesLike(share) : restOf(share, batch.mass, priorMass);
  // From the batch's mean to the moving one: E_k and x − E_k keep their digits where both are large.
  const way = attrs.inference ? zerosLike(movingMean) : sub(sub(movingMean, batch.mean), batch.residual);
  const variance = add(mul(share, batch.variance), mul(rest, add(movingVariance, mul(share, square(way)))));
  const s = rsqrt(straightThrough(add(variance, attrs.epsilon), (v) => maximum(v, MIN_VARIANCE)));
  const scales = spread(s, view);
  const moved = spread(mul(rest, way), view);
  const parts = mixture.components.map(({ tau, z }, k) => {
    // 0 where the component is not responsible: there u could be infinite.
    const counts = unrecorded(() => cast(greater(tau, MIN_TAU), "float32"));
    const u = mul(mul(sub(batch.exact[k] as Tensor, moved[k] as Tensor), counts), scales[k] as Tensor);
    return { tau, z, u };
  });
  return { batch, count, s, variance, parts };
}

/** w_k, [K, 1]. */
const weightsOf = ({ prior }: Mixture, { componentWeights }: BatchMomentsAttrs) =>
  componentWeights === "prior" ? div(1, sqrt(prior)) : onesLike(prior);

/** Outputs as BatchMomentsNorm names them. */
export function composedBatchMomentsNorm(
  inputs: Tensors<BatchMomentsInputs>,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(inputs.x), zerosLike(mean), clone(mean), clone(variance), zerosLike(mean)];
  const mixture = mixtureOf(inputs, attrs, view);
  const { batch, parts } = normalized(mixture, inputs, attrs, view);
  const slopes = spread(mul(weightsOf(mixture, attrs), inputs.gamma ?? onesLike(mean)), view);
  let y = total(parts.map(({ tau, u }, k) => mul(mul(tau, u), slopes[k] as Tensor)));
  if (inputs.beta) y = add(y, perChannel(inputs.beta, view));
  return [reshape(y, inputs.x.shape), batch.mass, batch.mean, batch.variance, batch.residual];
}

/** Its gradients, as BatchMomentsNormGrad names them. The moments are those of x itself, so that they may be differentiated again. */
export function composedBatchMomentsNormGrad(
  inputs: Tensors<BatchMomentsGradInputs>,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): Tensor[] {
  const { x, mean } = inputs;
  const { channels, components } = view;
  if (view.size === 0) {
    return [zerosLike(x), zerosLike(mean), zerosLike(mean), zeros([components]), zeros([channels]), zeros([channels])];
  }
  const mixture = mixtureOf(inputs, attrs, view);
  const { count, s, variance, parts } = normalized(mixture, inputs, attrs, view);
  const { deviation, prior } = mixture;
  const weights = weightsOf(mixture, attrs);
  const dy = activations(inputs.dy, view);
  const shares = parts.map(({ tau }) => mul(dy, tau));
  const products = parts.map(({ u }, k) => mul(shares[k] as Tensor, u));
  const byWeight = separate(reshape(weights, [components, 1, 1, 1]));
  const dyY = total(products.map((product, k) => mul(product, byWeight[k] as Tensor)));
  const sums = split(gathered([...shares, ...products, dyY, dy], view), [components, components, 1, 1]);
  const [ofMean, ofSpread, dgamma, dbeta] = sums as [Tensor, Tensor, Tensor, Tensor];
  const slope = mul(weights, inputs.gamma ?? onesLike(mean));
  const halfSpread = mul(mul(slope, ofSpread), 0.5);
  // In inference the moments are constants, also where the sums are NaN.
  const pullOf = (sums: Tensor) => (attrs.inference ? zerosLike(sums) : shareOf(sums, count));
  const spreadPull = pullOf(halfSpread);
  const slopes = spread(slope, view);
  const meanPulls = spread(pullOf(mul(slope, ofMean)), view);
  const spreadPulls = spread(spreadPull, view);
  const offsets = spread(mul(spreadPull, mul(variance, square(s))), view);
  const scales = spread(s, view);
  const scores = spread(div(Math.SQRT2, deviation), view);

  const terms = parts.map(({ tau, z, u }, k) => {
    const pull = mul(u, spreadPulls[k] as Tensor);
    const inner = sub(sub(mul(dy, slopes[k] as Tensor), meanPulls[k] as Tensor), pull);
    const direct = mul(mul(tau, scales[k] as Tensor), sub(inner, pull));
    return { tau, z, direct, dtau: add(mul(u, inner), offsets[k] as Tensor) };
  });
  const expected = total(terms.map(({ tau, dtau }) => mul(tau, dtau)));
  const densities = terms.map(({ tau, z, dtau }, k) => {
    const d = mul(tau, sub(dtau, expected));
    const dz = mul(d, z);
    return { d, dx: mul(dz, scores[k] as Tensor), dzz: mul(dz, z) };
  });
  const perActivation = (["d", "dx", "dzz"] as const).flatMap((name) => densities.map((term) => term[name]));
  const [d, dmean, dzz] = split(gathered(perActivation, view), 3) as [Tensor, Tensor, Tensor];
  const ofPrior = attrs.componentWeights === "prior" ? sub(d, halfSpread) : d;
  return [
    reshape(sub(total(terms.map(({ direct }) => direct)), total(densities.map(({ dx }) => dx))), x.shape),
    dmean,
    div(sub(dzz, mul(d, 0.5)), square(deviation)),
    reshape(div(sumOver(ofPrior, [1]), prior), [components]),
    reshape(dgamma, [channels]),
    reshape(dbeta, [channels]),
  ];
}
