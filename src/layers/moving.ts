import {
  add,
  cast,
  div,
  greater,
  maximum,
  mean as meanOf,
  minimum,
  mul,
  reshape,
  square,
  sub,
  type Tensor,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { batchNormalization, normalizeBatch } from "../ops/batchNormalization.js";
import type { ChannelNormalizationConfig } from "../ops/normalization.js";
import { shrunk } from "../ops/shrinkage.js";
import type { Moving } from "./affine.js";
import { type ChannelMoments, countedMoments } from "./masks.js";

/** The prior mass of layers that use one by default, in activations of a channel. */
export const PRIOR_MASS = 2;
/** The memory that goes with a prior mass by default, in samples. */
export const MEMORY = 96;

/** Arguments of layers with moving moments. */
export interface MovingRuleArgs {
  /** How much of a moving value is kept at each update. Default 0.9. */
  momentum?: number;
  /**
   * Activations' worth of trust in the moving moments: in training a batch's moments are shrunk toward them (docs/math.md, section
   * 2.5). 0 is none. While fewer activations were seen than this, as many as were seen.
   */
  priorMass?: number;
  /**
   * Samples that the moving moments remember: a batch of B samples moves them B/(B + memory) of the way, as if they were pooled.
   * null: (1 − momentum) of the way, whatever the size of the batch. Default 96 where there is a prior mass and no momentum is
   * given, else null.
   */
  memory?: number | null;
}

/** How moving moments follow those of batches, and how far these are trusted. */
export interface MovingRule {
  readonly momentum: number;
  readonly priorMass: number;
  readonly memory: number | null;
}

/** How much of a moving average is kept. */
export function checkMomentum(op: string, momentum: number, argument = "momentum"): void {
  if (!(momentum >= 0 && momentum <= 1)) throw argumentError(op, argument, "be a number from 0 to 1", String(momentum));
}

const isFiniteAndNotNegative = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** Arguments with their defaults. @throws Error naming the one that is wrong */
export function movingRuleOf(op: string, args: MovingRuleArgs, defaults: Pick<MovingRule, "momentum" | "priorMass">): MovingRule {
  const momentum = args.momentum ?? defaults.momentum;
  const priorMass = args.priorMass ?? defaults.priorMass;
  const usual = priorMass > 0 && (args.momentum ?? null) === null ? MEMORY : null;
  const memory = args.memory === undefined ? usual : args.memory;
  checkMomentum(op, momentum);
  if (!isFiniteAndNotNegative(priorMass)) {
    throw argumentError(op, "priorMass", "be a finite number that is not negative", String(priorMass));
  }
  if (memory !== null && !isFiniteAndNotNegative(memory)) {
    throw argumentError(op, "memory", "be a finite number that is not negative, or null", String(memory));
  }
  return { momentum, priorMass, memory };
}

/** An average, a step of `rate` of the way to a value, as TensorFlow.js's batch normalization has it. */
export function moved(average: Tensor, value: Tensor, rate: number | Tensor): Tensor {
  return sub(average, mul(sub(average, value), rate));
}

/** A rate, and 0 in channels of which no activation counts. @param count activations of each channel that count; undefined: all do */
export function rateWhereCounted(rate: number, count: Tensor | undefined): number | Tensor {
  return count ? mul(cast(greater(count, 0), "float32"), rate) : rate;
}

/** Moves a weight a step of `rate` of the way to a value of the same size. */
export function stepTo(weight: tfl.LayerVariable, value: Tensor, rate: number | Tensor): void {
  const like = (tensor: Tensor) => reshape(tensor, weight.shape as number[]);
  weight.write(moved(weight.read(), like(value), typeof rate === "number" ? rate : like(rate)));
}

/** Moving mean and variance, [C], or [K, C] for each component. */
export class MovingMoments {
  /** @param seen how many activations of a channel they are of, [1]: with a prior mass */
  constructor(
    readonly mean: tfl.LayerVariable,
    readonly variance: tfl.LayerVariable,
    readonly rule: MovingRule,
    readonly seen?: tfl.LayerVariable,
  ) {}

  /** Adds the weights to a layer. @param shape [C], or [K, C] */
  static build(rule: MovingRule, shape: number[], initializers: Moving, addWeight: tfl.layers.Layer["addWeight"]): MovingMoments {
    const { movingMeanInitializer, movingVarianceInitializer } = initializers;
    const weight = (name: string, of: number[], initializer: typeof movingMeanInitializer) =>
      addWeight(name, of, "float32", initializer, undefined, false);
    const mean = weight("moving_mean", shape, movingMeanInitializer);
    const variance = weight("moving_variance", shape, movingVarianceInitializer);
    const seen = rule.priorMass > 0 ? weight("seen", [1], tfl.initializers.zeros()) : undefined;
    return new MovingMoments(mean, variance, rule, seen);
  }

  get weights(): tfl.LayerVariable[] {
    return [this.mean, this.variance, ...(this.seen ? [this.seen] : [])];
  }

  /** What a batch's moments are shrunk toward, as ops take it. */
  prior(): { priorMass: number | Tensor; movingMean: Tensor; movingVariance: Tensor } {
    const { mean, variance, seen, rule } = this;
    const priorMass = seen ? reshape(minimum(seen.read(), rule.priorMass), []) : 0;
    return { priorMass, movingMean: mean.read(), movingVariance: variance.read() };
  }

  /** Follows the moments [C] of a batch. @param x the batch */
  follow(x: Tensor, { mean, variance, count }: ChannelMoments): void {
    this.move(mean, variance, rateWhereCounted(this.rateOf(x), count));
    this.see(count ?? x.size / mean.size);
  }

  /** Follows the moments [K, C] of a batch, each component as far as its mass goes. @param count activations of a channel */
  followComponents(x: Tensor, { mass, mean, variance }: Record<"mass" | "mean" | "variance", Tensor>, count: number | Tensor) {
    const { memory, momentum } = this.rule;
    const [components] = mean.shape as [number];
    // What each would have, were they all equal.
    const share = maximum(div(count, components), 1e-30);
    const remembered = memory === null ? undefined : mul(share, memory / (x.shape[0] as number));
    const rate = remembered ? div(mass, maximum(add(mass, remembered), 1e-30)) : mul(minimum(div(mass, share), 1), 1 - momentum);
    this.move(mean, variance, rate);
    this.see(count);
  }

  private rateOf(x: Tensor): number {
    const { memory, momentum } = this.rule;
    const samples = x.shape[0] as number;
    return memory === null ? 1 - momentum : samples / (samples + memory);
  }

  /** Moments are pooled where a prior mass or a memory asks for it, else averaged each for itself. */
  private move(mean: Tensor, variance: Tensor, rate: number | Tensor): void {
    const { rule } = this;
    const [before, spread] = [this.mean.read(), this.variance.read()];
    const next = moved(before, mean, rate);
    if (rule.priorMass > 0 || rule.memory !== null) {
      const own = add(spread, square(sub(before, next)));
      this.variance.write(moved(own, add(variance, square(sub(mean, next))), rate));
    } else {
      this.variance.write(moved(spread, variance, rate));
    }
    this.mean.write(next);
  }

  private see(count: number | Tensor): void {
    const { seen } = this;
    seen?.write(add(seen.read(), typeof count === "number" ? count : meanOf(count)));
  }
}

/** The batch normalized by its own moments, which the moving ones follow. @param counted as countedPlaces has it */
export function normalizeAndFollow(
  x: Tensor,
  config: ChannelNormalizationConfig & { axis: number },
  moving: MovingMoments,
  counted: Tensor | undefined,
): Tensor {
  const prior = moving.prior();
  if (!counted) {
    const { y, ...moments } = normalizeBatch(x, { ...config, ...prior });
    moving.follow(x, moments);
    return y;
  }
  const moments = countedMoments(x, counted, config.axis);
  const { priorMass, movingMean, movingVariance } = prior;
  const of = typeof priorMass === "number" ? undefined : { mass: priorMass, mean: movingMean, variance: movingVariance };
  const { mean, variance } = shrunk(moments, moments.count, of);
  moving.follow(x, moments);
  return batchNormalization(x, { ...config, mean, variance });
}
