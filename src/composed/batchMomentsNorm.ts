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
import { constant } from "../tensorflow/constants.js";
import { isTaped, unrecorded } from "../tensorflow/tape.js";
import {
  activations,
  type Each,
  each,
  gathered,
  type Layout,
  layoutOf,
  parameters,
  perChannel,
  reshaped,
  sumsOf,
  total,
} from "./layout.js";
import { type Mixture, mixtureOf, responsibilitiesOf } from "./mixture.js";
import { restOf } from "./shrinkage.js";
import { sumAway } from "./sums.js";
import { straightThrough, type Tensors } from "./tensors.js";

// Normalization by moments of the batch (docs/math.md, section 2.7), composed of TensorFlow.js operations.

type Inputs = Omit<Tensors<BatchMomentsInputs>, "gamma" | "beta">;

/** The moments of the forward pass, [K, C]. */
type GivenMoments = Pick<Tensors<BatchMomentsGradInputs>, "mass" | "batchMean" | "batchVariance" | "residual">;

/** Comparisons have no gradient. */
const isZero = (a: Tensor) => unrecorded(() => equal(a, constant(0)));

/** A quotient, 0 where the divisor is 0. */
function shareOf(a: Tensor, divisor: Tensor, empty = isZero(divisor)): Tensor {
  return div(where(empty, zerosLike(divisor), a), where(empty, onesLike(divisor), divisor));
}

/**
 * Mass, mean, what this lost when it was rounded and variance, which are parameters, and x − mean of every component, without that loss.
 * In inference there is no mass, and the mean that x is taken from is the moving one.
 *
 * @param given the moments, where they are known
 */
function momentsOf(
  { x }: Mixture,
  taus: Each,
  inputs: Inputs,
  { inference }: BatchMomentsAttrs,
  layout: Layout,
  given: GivenMoments | undefined,
) {
  const [mean, variance, movingMean] = [inputs.mean, inputs.variance, inputs.movingMean].map((tensor) =>
    parameters(tensor, layout),
  ) as [Tensor, Tensor, Tensor];
  const distances = (means: Tensor, from: Each) => each(means, layout).map((center, k) => sub(from[k] as Tensor, center));
  const xs = taus.map(() => x);
  if (inference) {
    const zero = zerosLike(mean);
    return { mass: zero, mean: clone(mean), residual: zero, variance: clone(variance), exact: distances(movingMean, xs) };
  }
  // Those of x itself may be differentiated again.
  if (given && !isTaped()) {
    const [mass, mean, variance, residual] = [given.mass, given.batchMean, given.batchVariance, given.residual].map((tensor) =>
      parameters(tensor, layout),
    ) as [Tensor, Tensor, Tensor, Tensor];
    return { mass, mean, residual, variance, exact: distances(residual, distances(mean, xs)) };
  }
  const mass = gathered(taus, layout);
  const empty = isZero(mass);
  const divisor = where(empty, onesLike(mass), mass);
  const average = (of: Each, old: Tensor) => where(empty, old, div(gathered(of, layout), divisor));
  const weighted = (of: Each) => taus.map((tau, k) => mul(tau, of[k] as Tensor));
  const rounded = average(weighted(xs), mean);
  const deviations = distances(rounded, xs);
  const residual = average(weighted(deviations), zerosLike(mean));
  const exact = distances(residual, deviations);
  return { mass, mean: rounded, residual, variance: average(weighted(exact.map((d) => square(d))), variance), exact };
}

/** s_k and V_k, N_k, which are parameters, and τ_k, z_k/√2 and u_k of every activation. */
function normalized(mixture: Mixture, inputs: Inputs, attrs: BatchMomentsAttrs, layout: Layout, given?: GivenMoments) {
  const taus = responsibilitiesOf(mixture);
  const { priorMass } = inputs;
  const [movingMean, movingVariance] = [inputs.movingMean, inputs.movingVariance].map((tensor) => parameters(tensor, layout)) as [
    Tensor,
    Tensor,
  ];
  const batch = momentsOf(mixture, taus, inputs, attrs, layout, given);
  const count = add(batch.mass, priorMass);
  const share = shareOf(batch.mass, count);
  const rest = attrs.inference ? onesLike(share) : restOf(share, batch.mass, priorMass);
  // From the batch's mean to the moving one: E_k and x − E_k keep their digits where both are large.
  const way = attrs.inference ? zerosLike(movingMean) : sub(sub(movingMean, batch.mean), batch.residual);
  const variance = add(mul(share, batch.variance), mul(rest, add(movingVariance, mul(share, square(way)))));
  const s = rsqrt(straightThrough(add(variance, constant(attrs.epsilon)), (v) => maximum(v, constant(MIN_VARIANCE))));
  const scales = each(s, layout);
  const moved = each(mul(rest, way), layout);
  const parts = taus.map((tau, k) => {
    // 0 where the component is not responsible: there u could be infinite.
    const counts = unrecorded(() => cast(greater(tau, constant(MIN_TAU)), "float32"));
    const u = mul(mul(sub(batch.exact[k] as Tensor, moved[k] as Tensor), counts), scales[k] as Tensor);
    return { tau, z: mixture.zs[k] as Tensor, u };
  });
  return { batch, count, s, variance, parts };
}

/** w_k, a parameter of components. */
const weightsOf = ({ rootPrior }: Mixture, { componentWeights }: BatchMomentsAttrs): Tensor =>
  componentWeights === "prior" ? div(constant(1), rootPrior) : onesLike(rootPrior);

/** w_k γ */
const slopeOf = (weights: Tensor, gamma: Tensor | undefined, layout: Layout) =>
  gamma ? mul(weights, perChannel(gamma, layout)) : weights;

/** Outputs as BatchMomentsNorm names them. */
export function composedBatchMomentsNorm(
  inputs: Tensors<BatchMomentsInputs>,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(inputs.x), zerosLike(mean), clone(mean), clone(variance), zerosLike(mean)];
  const layout = layoutOf(inputs.x.shape, view);
  const mixture = mixtureOf(inputs, attrs, layout);
  const { batch, parts } = normalized(mixture, inputs, attrs, layout);
  const slopes = each(slopeOf(weightsOf(mixture, attrs), inputs.gamma, layout), layout);
  let y = total(
    parts.map(({ tau, u }, k) => mul(mul(tau, u), slopes[k] as Tensor)),
    layout,
  );
  if (inputs.beta) y = add(y, perChannel(inputs.beta, layout));
  const moments = [batch.mass, batch.mean, batch.variance, batch.residual].map((tensor) => reshape(tensor, mean.shape));
  return [reshaped(y, inputs.x.shape), ...moments];
}

/** Its gradients, as BatchMomentsNormGrad names them. The moments are those of x itself where they may be differentiated again. */
export function composedBatchMomentsNormGrad(
  inputs: Tensors<BatchMomentsGradInputs>,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): Tensor[] {
  const { x, mean, gamma } = inputs;
  const { channels, components } = view;
  if (view.size === 0) {
    return [zerosLike(x), zerosLike(mean), zerosLike(mean), zeros([components]), zeros([channels]), zeros([channels])];
  }
  const layout = layoutOf(x.shape, view);
  const mixture = mixtureOf(inputs, attrs, layout);
  const { count, s, variance, parts } = normalized(mixture, inputs, attrs, layout, inputs);
  const weights = weightsOf(mixture, attrs);
  const dy = activations(inputs.dy, layout);
  const shares = parts.map(({ tau }) => mul(dy, tau));
  const products = parts.map(({ u }, k) => mul(shares[k] as Tensor, u));
  const ofMean = gathered(shares, layout);
  const ofSpread = gathered(products, layout);
  const [dbeta] = sumsOf([[dy]], layout) as [Tensor];
  const slope = slopeOf(weights, gamma, layout);
  const halfSpread = mul(mul(slope, ofSpread), constant(0.5));
  // In inference the moments are constants, also where the sums are NaN.
  const empty = isZero(count);
  const pullOf = (sums: Tensor) => (attrs.inference ? zerosLike(sums) : shareOf(sums, count, empty));
  const spreadPull = pullOf(halfSpread);
  const [slopes, meanPulls, spreadPulls, offsets, scales, scores] = [
    slope,
    pullOf(mul(slope, ofMean)),
    spreadPull,
    mul(spreadPull, mul(variance, square(s))),
    s,
    div(constant(Math.SQRT2), mixture.deviation),
  ].map((parameter) => each(parameter, layout)) as [Each, Each, Each, Each, Each, Each];

  const terms = parts.map(({ tau, z, u }, k) => {
    const pull = mul(u, spreadPulls[k] as Tensor);
    const inner = sub(sub(mul(dy, slopes[k] as Tensor), meanPulls[k] as Tensor), pull);
    const direct = mul(mul(tau, scales[k] as Tensor), sub(inner, pull));
    return { tau, z, direct, dtau: add(mul(u, inner), offsets[k] as Tensor) };
  });
  const expected = total(
    terms.map(({ tau, dtau }) => mul(tau, dtau)),
    layout,
  );
  const densities = terms.map(({ tau, z, dtau, direct }, k) => {
    const d = mul(tau, sub(dtau, expected));
    const dz = mul(d, z);
    const dmean = mul(dz, scores[k] as Tensor);
    return { d, dmean, dzz: mul(dz, z), dx: sub(direct, dmean) };
  });
  const of = (name: "d" | "dmean" | "dzz" | "dx") => densities.map((term) => term[name]);
  const [d, dmean, dzz] = sumsOf([of("d"), of("dmean"), of("dzz")], layout) as [Tensor, Tensor, Tensor];
  const flat = (parameter: Tensor) => reshaped(parameter, mean.shape);
  const ofPrior = attrs.componentWeights === "prior" ? sub(d, flat(halfSpread)) : d;
  return [
    reshaped(total(of("dx"), layout), x.shape),
    dmean,
    div(sub(dzz, mul(d, constant(0.5))), mixture.variance),
    div(sumAway(ofPrior, [1]), reshaped(mixture.prior, [components])),
    sumAway(flat(mul(ofSpread, weights)), [0]),
    reshaped(dbeta, [channels]),
  ];
}
