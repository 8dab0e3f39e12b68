import { add, mul, type serialization, sqrt, type Tensor } from "@tensorflow/tfjs-core";
import { normalizeAxis } from "../arguments.js";
import { batchNormalization } from "../ops/batchNormalization.js";
import { mixtureMoments } from "../ops/mixtureMoments.js";
import {
  unsupervisedAdaptiveNormalization as normalize,
  fitUnsupervisedAdaptiveNormalization as normalizeByBatch,
} from "../ops/unsupervisedAdaptiveNormalization.js";
import { initializerOf, registerLayer } from "../tensorflow/layerClasses.js";
import { type Moving, movingOf } from "./affine.js";
import { authorsFormula } from "./authorsFormula.js";
import { ChannelNormalization } from "./channelNormalization.js";
import { normalizeByCountedMoments } from "./countedBatchMoments.js";
import { DataStart } from "./dataStart.js";
import { countedPlaces, countOf } from "./masks.js";
import { MovingMoments, normalizeAndFollow } from "./moving.js";
import { channelMoments, type MovingStatistics, writePooled } from "./movingStatistics.js";
import { nextName } from "./names.js";
import { effectivePrior, effectiveVariance, type MixtureWeights, randomStart, type Start, standardStart } from "./parameters.js";
import { countedMixtureMoments, moveByMoments } from "./stepwiseEm.js";
import {
  hasMovingMoments,
  optionsOf,
  type UanOptions,
  type UnsupervisedAdaptiveNormalizationArgs,
} from "./unsupervisedAdaptiveNormalizationArgs.js";

export type { UnsupervisedAdaptiveNormalizationArgs };

/**
 * Normalizes activations with a Gaussian mixture for each channel, whose parameters are weights, learned while the network
 * trains (Faye, Azzag, Lebbah, Feng, "UAN: Unsupervised Adaptive Normalization", IJCNN 2024). Takes the place of
 * tf.layers.batchNormalization after dense and convolutional layers. By default the batch's mean and variance are taken out first,
 * shrunk toward moving ones; with `standardize: false`, the paper's formula, it does not depend on the batch.
 *
 * Weights: mean [K, C]; variance [K, C], whose effective value is its softplus; prior [K, 1], whose effective value is its
 * softmax; then gamma and beta [C] where asked for; moving mean and moving variance, [C] with standardize, [K, C] with moments
 * 'batch'; and with a prior mass `seen` [1], how many activations of a channel training has shown.
 *
 * Input and output: any rank from 2 to 6, of the same shape.
 */
export class UnsupervisedAdaptiveNormalization extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "UnsupervisedAdaptiveNormalization";

  readonly numComponents: UanOptions["numComponents"];
  readonly momentum: UanOptions["momentum"];
  readonly priorMass: UanOptions["priorMass"];
  readonly memory: UanOptions["memory"];
  readonly update: UanOptions["update"];
  readonly initializer: UanOptions["initializer"];
  readonly standardize: UanOptions["standardize"];
  readonly moments: UanOptions["moments"];
  readonly componentWeights: UanOptions["componentWeights"];
  readonly outputScale: UanOptions["outputScale"];
  readonly formula: UanOptions["formula"];
  readonly seed: UanOptions["seed"];
  private readonly movingInitializers: Moving;
  private readonly movingConfig: serialization.ConfigDict;

  private mixture!: MixtureWeights;
  /** With standardize, or moments of the batch. */
  private moving?: MovingMoments;
  private dataStart?: DataStart;

  constructor(args: UnsupervisedAdaptiveNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName("uan"), center: args.center ?? false, scale: args.scale ?? false });
    const options = optionsOf(UnsupervisedAdaptiveNormalization.className, args);
    this.numComponents = options.numComponents;
    this.momentum = options.momentum;
    this.priorMass = options.priorMass;
    this.memory = options.memory;
    this.update = options.update;
    this.initializer = options.initializer;
    this.standardize = options.standardize;
    this.moments = options.moments;
    this.componentWeights = options.componentWeights;
    this.outputScale = options.outputScale;
    this.formula = options.formula;
    this.seed = options.seed;
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
    if (hasMovingMoments(this)) {
      const shape = this.standardize ? [channels] : [this.numComponents, channels];
      this.moving = MovingMoments.build(this, shape, this.movingInitializers, (...args) => this.addWeight(...args));
    }
    // In standardized space the start is what the data would say.
    if (this.initializer === "data" && !this.standardize) this.dataStart = new DataStart(this.mixture, start, this.moving);
  }

  private start(channels: number): Start {
    return this.initializer === "random"
      ? randomStart(this.numComponents, channels, this.seed)
      : standardStart(this.numComponents, channels);
  }

  protected override normalize(x: Tensor, axis: number, training: boolean, counted: Tensor | undefined): Tensor {
    const { moving, standardize, update } = this;
    if (!training) return moving ? this.infer(x, axis, moving) : this.byMixture(x, axis);
    if (!moving || !standardize) {
      this.learn(x, axis, counted);
      return moving ? this.byBatchMoments(x, axis, moving, counted) : this.byMixture(x, axis);
    }
    if (!counted && update === "gradient") {
      const { y, ...batch } = normalizeByBatch(x, ...this.effective(), {
        ...this.fullConfig(axis),
        ...moving.prior(),
        standardize,
      });
      moving.follow(x, batch as Required<typeof batch>);
      return y;
    }
    const z = normalizeAndFollow(x, { axis, epsilon: this.epsilon }, moving, counted);
    this.learn(z, axis, counted);
    return this.byMixture(z, axis);
  }

  /** Mean [K, C], variance [K, C] and prior [K] of the mixture. */
  private effective(): [Tensor, Tensor, Tensor] {
    const { mean, variance, prior } = this.mixture;
    return [mean.read(), effectiveVariance(variance.read()), effectivePrior(prior.read())];
  }

  private fullConfig(axis: number) {
    const formula = this.formula === "ucb" ? "ucb" : "uan";
    return { ...this.opConfig(axis), formula, outputScale: this.outputScale } as const;
  }

  /** What moves the mixture beside gradients. @param z what the mixture is of */
  private learn(z: Tensor, axis: number, counted: Tensor | undefined): void {
    const { mixture, epsilon, momentum } = this;
    const dataStart = this.dataStart?.done ? undefined : this.dataStart;
    const write = () => {
      dataStart?.add(z, axis, counted);
      if (this.update !== "gradient") moveByMoments(mixture, z, counted, { axis, epsilon, momentum });
    };
    if (dataStart) dataStart.duringOwnWrites(write);
    else write();
  }

  private byMixture(z: Tensor, axis: number): Tensor {
    if (this.formula === "authors" && z.size > 0) return this.byAuthors(z, axis);
    return normalize(z, ...this.effective(), this.fullConfig(axis));
  }

  private byAuthors(x: Tensor, axis: number): Tensor {
    const { mean, variance, prior } = this.mixture;
    const mixture = { mean: mean.read(), variance: effectiveVariance(variance.read()), prior: prior.read() };
    return authorsFormula(x, mixture, this.fullConfig(axis));
  }

  private byBatchMoments(x: Tensor, axis: number, moving: MovingMoments, counted: Tensor | undefined): Tensor {
    const { moments, componentWeights } = this;
    const config = { ...this.fullConfig(axis), ...moving.prior(), componentWeights };
    const [mean, variance, prior] = this.effective();
    const { y, ...batch } = counted
      ? normalizeByCountedMoments({ x, mean, variance, prior }, counted, config)
      : (normalizeByBatch(x, mean, variance, prior, { ...config, moments }) as Record<
          "y" | "mass" | "mean" | "variance",
          Tensor
        >);
    const places = counted ? countOf(counted, axis) : x.size / (x.shape[axis] as number);
    moving.followComponents(x, batch, places);
    return y;
  }

  /**
   * Inference with moving moments. With standardize and formula 'uan' it is at the price of inference without: with m and s the
   * moving mean and deviation it is the mixture with means m + s μ_k and variances s² v_k (docs/math.md, section 2.5).
   */
  private infer(x: Tensor, axis: number, { mean, variance }: MovingMoments): Tensor {
    const { epsilon, moments, componentWeights } = this;
    const [movingMean, movingVariance] = [mean.read(), variance.read()];
    const [means, variances, prior] = this.effective();
    const config = this.fullConfig(axis);
    if (moments === "batch" && x.size > 0) {
      const moving = { movingMean, movingVariance, priorMass: Number.POSITIVE_INFINITY };
      return normalize(x, means, variances, prior, { ...config, ...moving, moments, componentWeights });
    }
    if (this.formula === "ucb") {
      return this.byMixture(batchNormalization(x, { axis, epsilon, mean: movingMean, variance: movingVariance }), axis);
    }
    const spreadOf = add(movingVariance, epsilon);
    const folded = [add(movingMean, mul(sqrt(spreadOf), means)), mul(spreadOf, add(variances, epsilon))] as const;
    return normalize(x, ...folded, prior, { ...config, epsilon: 0 });
  }

  /** @internal */
  override movingStatistics(): MovingStatistics | undefined {
    const { moving, epsilon } = this;
    if (!moving) return undefined;
    return {
      weights: moving.weights,
      measure: (x, kwargs) => {
        const axis = normalizeAxis(this.name, this.axis, x.rank);
        const counted = countedPlaces(x, kwargs);
        if (this.standardize) return channelMoments(x, axis, counted);
        const [mean, variance, prior] = this.effective();
        const config = { axis, epsilon };
        return counted
          ? countedMixtureMoments(x, counted, { mean, variance, prior }, config)
          : mixtureMoments(x, mean, variance, prior, config);
      },
      set: (pooled) => writePooled(moving, pooled),
    };
  }

  override getConfig(): serialization.ConfigDict {
    return {
      ...super.getConfig(),
      numComponents: this.numComponents,
      momentum: this.momentum,
      update: this.update,
      initializer: this.initializer,
      standardize: this.standardize,
      moments: this.moments,
      componentWeights: this.componentWeights,
      outputScale: this.outputScale,
      priorMass: this.priorMass,
      memory: this.memory,
      formula: this.formula,
      ...(this.seed !== undefined && { seed: this.seed }),
      ...this.movingConfig,
    };
  }

  /**
   * A layer of a saved configuration. One without a formula is from Python: the authors' layer of this name, and so the formula
   * "authors". One without a prior mass is of a time that had none.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    if (config.formula !== undefined) return ChannelNormalization.fromConfig(cls, { priorMass: 0, memory: null, ...config });
    return fromPython(cls, config, "authors");
  }

  protected override disposeWeights(): number {
    this.dataStart?.dispose();
    return super.disposeWeights();
  }
}

/** The authors' layer, from Python. */
function fromPython<T extends serialization.Serializable>(
  cls: serialization.SerializableConstructor<T>,
  config: serialization.ConfigDict,
  formula: "ucb" | "authors",
): T {
  // Their layers had one after the other of these names for it.
  const numComponents = config.numComponents ?? config.nComponents ?? config.numClusters ?? config.numContexts ?? null;
  return ChannelNormalization.fromConfig(cls, { ...config, numComponents, formula, initializer: "random" });
}

type FromConfig = serialization.FromConfigMethod<serialization.Serializable>;

const byUcb: FromConfig = (cls, config) => fromPython(cls, config, "ucb");

/**
 * A class that is registered in Python, under the name of the authors' layer. Theirs is not registered, and has no axis: one with an
 * axis is another implementation, of the formula that the authors' other layers share.
 */
const registered: FromConfig = (cls, config) =>
  (config.formula === undefined && config.axis !== undefined ? byUcb : cls.fromConfig)(cls, config);

registerLayer(
  UnsupervisedAdaptiveNormalization,
  // The package tfjs-uan-keras registers it so.
  "tfuan>UnsupervisedAdaptiveNormalization",
  ["Custom>UnsupervisedAdaptiveNormalization", registered],
  ...["UCBNorm", "AdaptiveContextNorm"]
    .flatMap((name) => [name, `Custom>${name}`])
    .map((name): [string, FromConfig] => [name, byUcb]),
);

/** A layer that normalizes by a mixture: see {@link UnsupervisedAdaptiveNormalization}. */
export function unsupervisedAdaptiveNormalization(
  args?: UnsupervisedAdaptiveNormalizationArgs,
): UnsupervisedAdaptiveNormalization {
  return new UnsupervisedAdaptiveNormalization(args);
}
