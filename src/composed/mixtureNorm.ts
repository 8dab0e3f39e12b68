import {
  add,
  cast,
  clipByValue,
  cumsum,
  div,
  equal,
  exp,
  expandDims,
  fill,
  gather,
  greater,
  isNaN as isNaNOf,
  less,
  lessEqual,
  log,
  matMul,
  max,
  maximum,
  mul,
  onesLike,
  range,
  reshape,
  rsqrt,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tensor1d,
  tile,
  where,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import {
  KMEANS_ROWS,
  MAX_FLOAT32,
  MAX_SQUARABLE,
  MAX_SQUARE,
  MIN_PRIOR,
  MIN_RESPONSIBILITY,
  MIN_VARIANCE,
} from "../constants.js";
import type { MixtureNormAttrs } from "../kernels/mixtureNorm.js";
import type { EStepAttrs } from "../kernels/mixtureNormEStep.js";
import { constant } from "../tensorflow/constants.js";
import { productOver, sumOver } from "./sums.js";

// Mixture normalization (docs/math.md, section 5), composed of TensorFlow.js operations. Rows and components broadcast as [N, K, C].

type Named<Name extends string> = Record<Name, Tensor>;
type Mixture = Named<"mean" | "variance" | "prior">;

const precise = (variance: Tensor, epsilon: number) => rsqrt(maximum(add(variance, constant(epsilon)), constant(MIN_VARIANCE)));
const likely = (prior: Tensor) => maximum(reshape(prior, [-1, 1]), constant(MIN_PRIOR));

/** x − mean, [N, K, C]. */
const deviations = (x: Tensor, mean: Tensor) => sub(expandDims(x, 1), mean);

const squares = (x: Tensor) => square(clipByValue(x, -MAX_SQUARABLE, MAX_SQUARABLE));

/** 1 where two integers are equal, else 0. */
const same = (a: Tensor, b: Tensor) => cast(equal(a, b), "float32");

/** Rows whose responsibilities are NaN as rows of zeros that no component is responsible for; and which they are, [N, 1]. */
function counted({ x, nu }: Named<"x" | "nu">): Named<"x" | "nu" | "bad"> {
  const bad = isNaNOf(slice(nu, [0, 0], [-1, 1]));
  return { x: where(bad, zerosLike(x), x), nu: where(bad, zerosLike(nu), nu), bad };
}

/** ν_k/M_k, [N, K], 0 for a component without mass; the masses M, and whether they are 0, [K, 1]. */
function shares(nu: Tensor): Named<"weights" | "mass" | "empty"> {
  const mass = reshape(sumOver(nu, [0]), [-1, 1]);
  const empty = equal(mass, constant(0));
  return { weights: div(nu, reshape(where(empty, onesLike(mass), mass), [1, -1])), mass, empty };
}

/** λ, E and Var by the shares of rows that count; a component without mass keeps its mean and variance. */
function momentsOf(x: Tensor, { weights, mass, empty }: ReturnType<typeof shares>, old: Mixture): Mixture {
  const rounded = productOver(weights, x);
  const distances = deviations(x, rounded);
  const weighted = mul(expandDims(weights, 2), distances);
  const average = (tensor: Tensor) => reshape(sumOver(tensor, [0]), rounded.shape);
  // What the mean lost when it was rounded: far from zero it would be a part of every deviation.
  const mean = where(empty, old.mean, add(rounded, average(weighted)));
  const variance = clipByValue(average(mul(weighted, distances)), 0, MAX_FLOAT32);
  const rows = sum(mass);
  const prior = where(greater(rows, constant(0)), div(reshape(mass, [-1]), maximum(rows, constant(MIN_PRIOR))), old.prior);
  return { mean, variance: where(empty, old.variance, variance), prior };
}

export function composedKMeansInit(inputs: Named<"x" | "draws">): Tensor[] {
  const { draws } = inputs;
  const [all, channels] = inputs.x.shape as [number, number];
  const rows = Math.min(all, KMEANS_ROWS);
  const taken = Int32Array.from({ length: rows }, (_, i) => Math.floor((i * all) / rows));
  const x = rows < all ? gather(inputs.x, tensor1d(taken, "int32")) : inputs.x;
  const components = draws.size;
  const prior = fill([components], 1 / components);
  const old = { mean: zeros([components, channels]), variance: zeros([components, channels]), prior };
  if (rows === 0) return [prior, old.mean, old.variance];
  const good = less(sum(square(x), 1, true), constant(MAX_SQUARE));
  const points = where(good, x, zerosLike(x));
  const counts = cast(good, "float32");
  let nearest: Tensor = counts;
  let own: Tensor = zeros([rows, 1]);
  for (let k = 0; k < components; k++) {
    const running = cumsum(nearest, 0);
    const draw = mul(slice(draws, k, 1), slice(running, [rows - 1, 0], [1, 1]));
    const seed = sum(cast(lessEqual(running, draw), "float32"), 0, true);
    const point = matMul(same(seed, range(0, rows)) as Tensor2D, points as Tensor2D);
    const distance = mul(sum(square(sub(points, point)), 1, true), counts);
    const closer = less(distance, nearest);
    own = where(closer, k, own);
    nearest = k === 0 ? distance : where(closer, distance, nearest);
  }
  const nu = mul(same(own, range(0, components)), counts);
  const start = momentsOf(points, shares(nu), old);
  const pooled = matMul(reshape(start.prior, [1, components]) as Tensor2D, start.variance as Tensor2D);
  return [start.prior, start.mean, tile(pooled, [components, 1])];
}

export function composedEStep(
  inputs: Mixture & Named<"x">,
  { epsilon, moments }: EStepAttrs,
  view: MixtureView,
): Tensor | Tensor[] {
  const { x, mean, variance, prior } = inputs;
  const nu = view.size === 0 ? zeros([view.outer, view.components]) : responsibilities(inputs, epsilon);
  if (!moments) return nu;
  if (view.size === 0) return [nu, prior.clone(), mean.clone(), variance.clone()];
  const rows = counted({ x, nu });
  const next = momentsOf(rows.x, shares(rows.nu), { mean, variance, prior });
  return [nu, next.prior, next.mean, next.variance];
}

function responsibilities({ x, mean, variance, prior }: Mixture & Named<"x">, epsilon: number): Tensor {
  const inverse = precise(variance, epsilon);
  // The first component's are subtracted before the sum over channels: sums of many keep their digits.
  const densities = sub(log(inverse), mul(squares(mul(deviations(x, mean), inverse)), constant(0.5)));
  const relative = sumOver(sub(densities, slice(densities, [0, 0, 0], [-1, 1, -1])), [2]);
  const density = add(reshape(relative, relative.shape.slice(0, 2)), reshape(log(likely(prior)), [-1]));
  const share = exp(sub(density, max(density, 1, true)));
  const kept = where(less(share, constant(MIN_RESPONSIBILITY)), zerosLike(share), share);
  // NaN, and nothing else, in rows that are not finite.
  return add(div(kept, sum(kept, 1, true)), sum(sub(x, x), 1, true));
}

/** nu_k/√(λ_k v_k), [N, K, C]. */
const gains = (nu: Tensor, { variance, prior }: Mixture, epsilon: number) =>
  mul(expandDims(nu, 2), mul(precise(variance, epsilon), rsqrt(likely(prior))));

export function composedMixtureNorm(
  inputs: Mixture & Named<"x" | "nu"> & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  { epsilon }: MixtureNormAttrs,
  view: MixtureView,
): Tensor {
  const { x, nu, gamma, beta } = inputs;
  if (view.size === 0) return zerosLike(x);
  let y: Tensor = sum(mul(gains(nu, inputs, epsilon), deviations(x, inputs.mean)), 1);
  if (gamma) y = mul(y, gamma);
  if (beta) y = add(y, beta);
  return y;
}

/** Its gradients, as MixtureNormGrad names them. With `batch`, mean and variance are computed again, so that they have gradients. */
export function composedMixtureNormGrad(
  inputs: Mixture & Named<"x" | "nu" | "dy"> & { gamma?: Tensor | undefined },
  { epsilon, batch }: MixtureNormAttrs,
  { size, channels }: MixtureView,
): Tensor[] {
  if (size === 0) return [zerosLike(inputs.x), zeros([channels]), zeros([channels])];
  const { x, nu, bad } = counted(inputs);
  const dy = where(bad, zerosLike(x), inputs.dy);
  const own = shares(nu);
  const mixture = batch ? momentsOf(x, own, inputs) : inputs;
  const { mean, variance } = mixture;
  const z = mul(deviations(x, mean), precise(variance, epsilon));
  const upstream = expandDims(dy, 1);
  let inner: Tensor = upstream;
  if (batch) {
    const weighted = mul(expandDims(own.weights, 2), upstream);
    inner = sub(sub(upstream, sumOver(weighted, [0])), mul(z, sumOver(mul(weighted, z), [0])));
  }
  const gain = gains(nu, mixture, epsilon);
  let dx: Tensor = sum(mul(gain, inner), 1);
  if (inputs.gamma) dx = mul(dx, inputs.gamma);
  const y = sum(mul(gain, deviations(x, mean)), 1);
  const perChannel = (tensor: Tensor) => reshape(sumOver(tensor, [0]), [channels]);
  // NaN in the rows whose responsibilities are NaN.
  const none = mul(slice(inputs.nu, [0, 0], [-1, 1]), constant(0));
  return [add(dx, none), perChannel(mul(dy, y)), perChannel(dy)];
}
