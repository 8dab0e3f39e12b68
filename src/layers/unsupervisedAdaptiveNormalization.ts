import {
  add,
  all,
  div,
  equal,
  keep,
  logicalAnd,
  mul,
  reshape,
  type serialization,
  sqrt,
  sub,
  sum,
  type Tensor,
  tile,
  where,
  zeros,
} from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { checkChoice, checkCount, FORMULAS } from "../arguments.js";
import { batchNormalization, normalizeBatch } from "../ops/batchNormalization.js";
import { mixtureMoments } from "../ops/mixtureMoments.js";
import { unsupervisedAdaptiveNormalization as normalize } from "../ops/unsupervisedAdaptiveNormalization.js";
import { initializerOf, registerLayer } from "../tensorflow/layerClasses.js";
import { type Moving, type MovingArgs, movingOf } from "./affine.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { Gathering } from "./gathering.js";
import { checkMomentum, follow } from "./moving.js";
import {
  effectivePrior,
  effectiveVariance,
  randomStart,
  rawPrior,
  rawVariance,
  type Start,
  spread,
  standardStart,
} from "./parameters.js";

const UPDATES = ["gradient", "momentum", "both"] as const;
const INITIALIZERS = ["data", "random"] as const;
/** Activations' worth of trust in a component's old moments when 'momentum' moves it: with a mass of as many it goes half as far. */
const INERTIA = 16;

/** Arguments of {@link unsupervisedAdaptiveNormalization}. */
export interface UnsupervisedAdaptiveNormalizationArgs extends ChannelNormalizationArgs, MovingArgs {
  /** Components K of every channel's mixture. Default 3. */
  numComponents?: number;
  /** How much of a moving value is kept at each update: of 'momentum' and 'both', and of standardize. Default 0.9. */
  momentum?: number;
  /**
   * How training moves the mixture. 'gradient' (default): as weights, by backpropagation. 'momentum': by stepwise EM (Cappé,
   * Moulines, arXiv 0712.4273), without gradient. 'both'.
   */
  update?: (typeof UPDATES)[number];
  /**
   * 'data' (default): μ spread over a deviation around each channel's mean, σ² its variance, equal priors, from the first 256
   * activations per channel that training shows. 'random', the paper's: μ ~ U(−1, 1), σ² = softplus U(0.001, 0.01), priors
   * softmax of normalized U(0.01, 0.99).
   */
  initializer?: (typeof INITIALIZERS)[number];
  /**
   * Whether the batch's own mean and variance (moving ones in inference) are taken out first, as batch normalization does.
   * Default false. Wants batches that batch normalization could work with.
   */
  standardize?: boolean;
  /**
   * 'uan' (default), the paper's; or 'ucb', what the authors' published Keras layer computes in inference, where priors do not
   * count: for weights trained with it. A configuration that does not say is from Python, and means 'ucb'.
   */
  formula?: (typeof FORMULAS)[number];
  /** Whether a trained beta is added. Default false. */
  center?: boolean;
  /** Whether a trained gamma is multiplied with. Default false. */
  scale?: boolean;
  /** Seed of the 'random' initializer. Default: none, another start each time. */
  seed?: number;
}

/**
 * Normalizes activations with a Gaussian mixture for each channel, whose parameters are weights, learned while the network
 * trains (Faye, Azzag, Lebbah, Feng, "UAN: Unsupervised Adaptive Normalization", IJCNN 2024). Takes the place of
 * tf.layers.batchNormalization after dense and convolutional layers, and does not depend on the batch.
 *
 * Weights: mean [K, C]; variance [K, C], whose effective value is its softplus; prior [K, 1], whose effective value is its
 * softmax; then gamma and beta [C] where asked for, and with standardize moving mean and moving variance [C].
 *
 * Input and output: any rank from 2 to 6, of the same shape.
 */
export class UnsupervisedAdaptiveNormalization extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "UnsupervisedAdaptiveNormalization";

  readonly numComponents: number;
  readonly momentum: number;
  readonly update: (typeof UPDATES)[number];
  readonly initializer: (typeof INITIALIZERS)[number];
  readonly standardize: boolean;
  readonly formula: (typeof FORMULAS)[number];
  readonly seed: number | undefined;
  private readonly moving: Moving;
  private readonly movingConfig: serialization.ConfigDict;

  private mean!: tfl.LayerVariable;
  private variance!: tfl.LayerVariable;
  private prior!: tfl.LayerVariable;
  private movingMean?: tfl.LayerVariable;
  private movingVariance?: tfl.LayerVariable;

  /** While 'data' gathers: what it has seen, and whether the weights were its to set when it began, a boolean tensor. */
  private gathering?: Gathering | undefined;
  private fresh?: Tensor | undefined;

  constructor(args: UnsupervisedAdaptiveNormalizationArgs = {}) {
    super({ ...args, center: args.center ?? false, scale: args.scale ?? false });
    const op = UnsupervisedAdaptiveNormalization.className;
    this.numComponents = args.numComponents ?? 3;
    this.momentum = args.momentum ?? 0.9;
    this.update = args.update ?? "gradient";
    this.initializer = args.initializer ?? "data";
    this.standardize = args.standardize ?? false;
    this.formula = args.formula ?? "uan";
    this.seed = args.seed ?? undefined;
    checkCount(op, "numComponents", this.numComponents);
    checkMomentum(op, this.momentum);
    checkChoice(op, "update", this.update, UPDATES);
    checkChoice(op, "initializer", this.initializer, INITIALIZERS);
    checkChoice(op, "formula", this.formula, FORMULAS);
    const { objects, config } = movingOf(args);
    this.moving = objects;
    this.movingConfig = config;
  }

  protected override buildFor(channels: number): void {
    const mixture = this.start(channels);
    const weight = (name: keyof Start) =>
      this.addWeight(
        name,
        name === "prior" ? [this.numComponents, 1] : [this.numComponents, channels],
        "float32",
        initializerOf(mixture[name]),
        undefined,
        this.update !== "momentum",
      );
    this.mean = weight("mean");
    this.variance = weight("variance");
    this.prior = weight("prior");
    if (this.standardize) {
      const { movingMeanInitializer, movingVarianceInitializer } = this.moving;
      this.movingMean = this.addWeight("moving_mean", [channels], "float32", movingMeanInitializer, undefined, false);
      this.movingVariance = this.addWeight("moving_variance", [channels], "float32", movingVarianceInitializer, undefined, false);
    }
    // In standardized space the start is what the data would say.
    if (this.initializer === "data" && !this.standardize) this.gathering = new Gathering();
  }

  private start(channels: number): Start {
    return this.initializer === "random"
      ? randomStart(this.numComponents, channels, this.seed)
      : standardStart(this.numComponents, channels);
  }

  protected override normalize(x: Tensor, axis: number, training: boolean): Tensor {
    if (this.standardize && !training) return this.infer(x, axis);
    const z = this.standardize ? this.takeOut(x, axis) : x;
    if (training && this.trainable && z.size > 0) {
      if (this.gathering) this.initialize(z, axis, this.gathering);
      if (this.update !== "gradient") this.moveByMoments(z, axis);
    }
    return this.byMixture(z, axis);
  }

  private byMixture(z: Tensor, axis: number): Tensor {
    const variance = effectiveVariance(this.variance.read());
    const config = { ...this.opConfig(axis), formula: this.formula };
    return normalize(z, this.mean.read(), variance, effectivePrior(this.prior.read()), config);
  }

  /** The batch without its own mean and variance, which the moving ones follow. */
  private takeOut(x: Tensor, axis: number): Tensor {
    const [movingMean, movingVariance] = [this.movingMean, this.movingVariance] as [tfl.LayerVariable, tfl.LayerVariable];
    const { y, mean, variance } = normalizeBatch(x, { axis, epsilon: this.epsilon });
    if (x.size > 0) {
      follow(movingMean, mean, this.momentum);
      follow(movingVariance, variance, this.momentum);
    }
    return y;
  }

  /**
   * Inference with standardize, with formula 'uan' at the price of inference without: with m and s the moving mean and deviation
   * it is the mixture with means m + s μ_k and variances s² v_k (docs/math.md, section 2.5).
   */
  private infer(x: Tensor, axis: number): Tensor {
    const { epsilon } = this;
    const [mean, variance] = [this.movingMean, this.movingVariance] as [tfl.LayerVariable, tfl.LayerVariable];
    if (this.formula === "ucb") {
      const z = batchNormalization(x, { axis, epsilon, mean: mean.read(), variance: variance.read() });
      return this.byMixture(z, axis);
    }
    const spreadOf = add(variance.read(), epsilon);
    const means = add(mean.read(), mul(sqrt(spreadOf), this.mean.read()));
    const variances = mul(spreadOf, add(effectiveVariance(this.variance.read()), epsilon));
    return normalize(x, means, variances, effectivePrior(this.prior.read()), { ...this.opConfig(axis), epsilon: 0 });
  }

  /** 'data': sets the mixture from all activations seen so far, unless the weights are not as build made them (loaded). */
  private initialize(x: Tensor, axis: number, gathering: Gathering): void {
    const channels = x.shape[axis] as number;
    const { mean, variance } = gathering.add(x, axis);
    this.fresh ??= keep(this.isFresh(channels));
    const { fresh } = this;
    const set = (variable: tfl.LayerVariable, value: Tensor) => variable.write(where(fresh, value, variable.read()));
    set(this.mean, add(mean, mul(sqrt(variance), spread(this.numComponents, channels))));
    set(this.variance, tile(reshape(rawVariance(variance), [1, channels]), [this.numComponents, 1]));
    set(this.prior, zeros([this.numComponents, 1]));
    if (gathering.done) this.endGathering();
  }

  private endGathering(): void {
    this.gathering?.dispose();
    this.fresh?.dispose();
    this.gathering = undefined;
    this.fresh = undefined;
  }

  /** Whether the weights still are what build made them, as a boolean tensor: nothing is read back from a device. */
  private isFresh(channels: number): Tensor {
    const start = this.start(channels);
    const untouched = (["mean", "variance", "prior"] as const).map((name) => all(equal(this[name].read(), start[name]())));
    return untouched.reduce((a, b) => logicalAnd(a, b));
  }

  /** Stepwise EM: effective values move toward the batch's moments, (1 − momentum) of the way where a component's mass is large. */
  private moveByMoments(x: Tensor, axis: number): void {
    const channels = x.shape[axis] as number;
    const count = x.size / channels;
    const mean = this.mean.read();
    const variance = effectiveVariance(this.variance.read());
    const prior = effectivePrior(this.prior.read());
    const moments = mixtureMoments(x, mean, variance, prior, { axis, epsilon: this.epsilon });
    const rate = 1 - this.momentum;
    const toward = (from: Tensor, to: Tensor, step: Tensor | number) => add(from, mul(sub(to, from), step));
    const step = mul(div(moments.mass, add(moments.mass, INERTIA)), rate);
    const share = div(sum(moments.mass, 1), x.size);
    this.mean.write(toward(mean, moments.mean, step));
    this.variance.write(rawVariance(toward(variance, moments.variance, step)));
    this.prior.write(rawPrior(toward(prior, share, (rate * count) / (count + INERTIA))));
  }

  override getConfig(): serialization.ConfigDict {
    return {
      ...super.getConfig(),
      numComponents: this.numComponents,
      momentum: this.momentum,
      update: this.update,
      initializer: this.initializer,
      standardize: this.standardize,
      formula: this.formula,
      ...(this.seed !== undefined && { seed: this.seed }),
      ...this.movingConfig,
    };
  }

  /**
   * A layer of a saved configuration. One without a formula is from Python: the authors' layer, and so the formula "ucb".
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    if (config.formula !== undefined) return ChannelNormalization.fromConfig(cls, config);
    // The authors' layers, one after the other, had these names for it.
    const numComponents = config.numComponents ?? config.nComponents ?? config.numClusters ?? null;
    return ChannelNormalization.fromConfig(cls, { ...config, numComponents, formula: "ucb", initializer: "random" });
  }

  protected override disposeWeights(): number {
    this.endGathering();
    return super.disposeWeights();
  }
}

registerLayer(UnsupervisedAdaptiveNormalization, "Custom>UnsupervisedAdaptiveNormalization", "UCBNorm", "Custom>UCBNorm");

/** A layer that normalizes by a mixture: see {@link UnsupervisedAdaptiveNormalization}. */
export function unsupervisedAdaptiveNormalization(
  args?: UnsupervisedAdaptiveNormalizationArgs,
): UnsupervisedAdaptiveNormalization {
  return new UnsupervisedAdaptiveNormalization(args);
}
