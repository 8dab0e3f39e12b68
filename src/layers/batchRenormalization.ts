import {
  add,
  clipByValue,
  customGrad,
  div,
  maximum,
  minimum,
  mul,
  reshape,
  sqrt,
  sub,
  type Tensor,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { batchNormalization, normalizeBatch } from "../ops/batchNormalization.js";
import type { ChannelNormalizationConfig } from "../ops/normalization.js";
import { type ChannelMoments, countedMoments } from "./masks.js";

/** Bounds of the corrections of batch renormalization; undefined and null are none. */
export interface RenormClipping {
  /** Of the factor r, from above. */
  rmax?: number | null;
  /** Of r, from below. */
  rmin?: number | null;
  /** Of the size of the shift d. */
  dmax?: number | null;
}

/** @throws Error naming the bound that is wrong */
export function checkClipping(op: string, clipping: RenormClipping | null): void {
  const names = ["rmax", "rmin", "dmax"];
  for (const [name, bound] of Object.entries(clipping ?? {})) {
    if (!names.includes(name)) throw argumentError(op, "renormClipping", `have no keys but ${names.join(", ")}`, `'${name}'`);
    if (bound !== null && bound !== undefined && !(typeof bound === "number" && bound >= 0)) {
      throw argumentError(op, `renormClipping.${name}`, "be a number that is not negative", String(bound));
    }
  }
}

/** A tensor's numbers, without its gradient. */
const constant = (tensor: Tensor): Tensor =>
  customGrad((x) => ({ value: (x as Tensor).clone(), gradFunc: (dy: Tensor) => zerosLike(dy) }))(tensor);

/**
 * The batch, normalized by its own moments, and these.
 *
 * @param counted as countedPlaces has it
 */
export function normalizeByMoments(
  x: Tensor,
  counted: Tensor | undefined,
  config: ChannelNormalizationConfig & { axis: number },
): ChannelMoments & { y: Tensor } {
  if (!counted) return normalizeBatch(x, config);
  const moments = countedMoments(x, counted, config.axis);
  const { mean, variance } = moments;
  return { y: batchNormalization(x, { ...config, mean, variance }), ...moments };
}

/**
 * The batch, normalized by its own moments and then corrected to averages of them (docs/math.md, section 4.5), and its own moments.
 *
 * @param x [outer, channels, inner], which is not empty
 * @param renorm the averages [C], and bounds of the corrections
 */
export function renormalize(
  x: Tensor,
  counted: Tensor | undefined,
  config: { axis: number; epsilon: number; gamma?: Tensor | undefined; beta?: Tensor | undefined },
  { mean, stddev, clipping }: { mean: Tensor; stddev: Tensor; clipping: RenormClipping },
): ChannelMoments & { y: Tensor } {
  const { axis, epsilon, gamma, beta } = config;
  const { y: own, ...moments } = normalizeByMoments(x, counted, { axis, epsilon });
  const divisor = maximum(stddev, Math.sqrt(epsilon));
  const { rmin, rmax, dmax } = clipping;
  let factor = div(sqrt(add(constant(moments.variance), epsilon)), divisor);
  let shift = div(sub(constant(moments.mean), mean), divisor);
  if (typeof rmin === "number") factor = maximum(factor, rmin);
  if (typeof rmax === "number") factor = minimum(factor, rmax);
  if (typeof dmax === "number") shift = clipByValue(shift, -dmax, dmax);
  const perChannel = (tensor: Tensor) => reshape(tensor, [-1, 1]);
  let y = add(mul(own, perChannel(factor)), perChannel(shift));
  if (gamma) y = mul(y, perChannel(gamma));
  if (beta) y = add(y, perChannel(beta));
  return { y, ...moments };
}
