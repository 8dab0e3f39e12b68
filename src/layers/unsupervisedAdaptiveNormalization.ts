import { add, mul, type serialization, sqrt, type Tensor } from "@tensorflow/tfjs-core";
import { checkChoice, checkCount, FORMULAS } from "../arguments.js";
import { batchNormalization } from "../ops/batchNormalization.js";
import { unsupervisedAdaptiveNormalization as normalize } from "../ops/unsupervisedAdaptiveNormalization.js";
import { initializerOf, registerLayer } from "../tensorflow/layerClasses.js";
import { type Moving, type MovingArgs, movingOf } from "./affine.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { DataStart } from "./dataStart.js";
import { checkMomentum, type MovingMoments, normalizeAndFollow } from "./moving.js";
import { nextName } from "./names.js";
import { effectivePrior, effectiveVariance, type MixtureWeights, randomStart, type Start, standardStart } from "./parameters.js";
import { moveByMoments } from "./stepwiseEm.js";

const UPDATES = ["gradient", "momentum", "both"] as const;
const INITIALIZERS = ["data", "random"] as const;

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
   * activations per channel that training shows. Until it has seen them it sets the mixture anew with every batch; it ends where the
   * weights are set from outside (setWeights, loadWeights). A model that is saved before goes on from the start that it has, and
   * gathers no more when it is loaded. Masked activations are among the 256, but not in means and
   * variances. 'random', the paper's: μ ~ U(−1, 1), σ² = softplus U(0.001, 0.01), priors softmax of
   * normalized U(0.01, 0.99).
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
  private readonly movingInitializers: Moving;
  private readonly movingConfig: serialization.ConfigDict;

  private mixture!: MixtureWeights;
  /** With standardize. */
  private moving?: MovingMoments;
  private dataStart?: DataStart;

  constructor(args: UnsupervisedAdaptiveNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName("uan"), center: args.center ?? false, scale: args.scale ?? false });
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
    this.movingInitializers = objects;
    this.movingConfig = config;
  }

  protected override buildFor(channels: number): void {
    const start = this.start(channels);
    const weight = (name: keyof MixtureWeights) =>
      this.addWeight(
        name,
        name === "prior" ? [this.numComponents, 1] : [this.numComponents, channels],
        "float32",
        initializerOf(start[name]),
        undefined,
        this.update !== "momentum",
      );
    this.mixture = { mean: weight("mean"), variance: weight("variance"), prior: weight("prior") };
    if (this.standardize) {
      const { movingMeanInitializer, movingVarianceInitializer } = this.movingInitializers;
      const mean = this.addWeight("moving_mean", [channels], "float32", movingMeanInitializer, undefined, false);
      const variance = this.addWeight("moving_variance", [channels], "float32", movingVarianceInitializer, undefined, false);
      this.moving = { mean, variance, momentum: this.momentum };
    }
    // In standardized space the start is what the data would say.
    if (this.initializer === "data" && !this.standardize) this.dataStart = new DataStart(this.mixture, start);
  }

  private start(channels: number): Start {
    return this.initializer === "random"
      ? randomStart(this.numComponents, channels, this.seed)
      : standardStart(this.numComponents, channels);
  }

  protected override normalize(x: Tensor, axis: number, training: boolean, counted: Tensor | undefined): Tensor {
    const { mixture, epsilon, momentum } = this;
    const moving = this.moving;
    if (!training) return moving ? this.infer(x, axis, moving) : this.byMixture(x, axis);
    // The moving averages follow the batch's mean and variance, which are taken out.
    const z = moving ? normalizeAndFollow(x, { axis, epsilon }, moving, counted) : x;
    const dataStart = this.dataStart?.done ? undefined : this.dataStart;
    const learn = () => {
      dataStart?.add(z, axis, counted);
      if (this.update !== "gradient") moveByMoments(mixture, z, counted, { axis, epsilon, momentum });
    };
    if (dataStart) dataStart.duringOwnWrites(learn);
    else learn();
    return this.byMixture(z, axis);
  }

  private byMixture(z: Tensor, axis: number): Tensor {
    const { mean, variance, prior } = this.mixture;
    const config = { ...this.opConfig(axis), formula: this.formula };
    return normalize(z, mean.read(), effectiveVariance(variance.read()), effectivePrior(prior.read()), config);
  }

  /**
   * Inference with standardize, with formula 'uan' at the price of inference without: with m and s the moving mean and deviation
   * it is the mixture with means m + s μ_k and variances s² v_k (docs/math.md, section 2.5).
   */
  private infer(x: Tensor, axis: number, { mean, variance }: MovingMoments): Tensor {
    const { epsilon, mixture } = this;
    if (this.formula === "ucb") {
      const z = batchNormalization(x, { axis, epsilon, mean: mean.read(), variance: variance.read() });
      return this.byMixture(z, axis);
    }
    const spreadOf = add(variance.read(), epsilon);
    const means = add(mean.read(), mul(sqrt(spreadOf), mixture.mean.read()));
    const variances = mul(spreadOf, add(effectiveVariance(mixture.variance.read()), epsilon));
    return normalize(x, means, variances, effectivePrior(mixture.prior.read()), { ...this.opConfig(axis), epsilon: 0 });
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
    this.dataStart?.dispose();
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
