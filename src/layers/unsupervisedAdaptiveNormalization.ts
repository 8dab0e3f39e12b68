import {
  add,
  all,
  div,
  equal,
  keep,
  logicalAnd,
  mul,
  reshape,
  serialization,
  sqrt,
  sub,
  sum,
  Tensor,
  tidy,
  tile,
  where,
  zeros,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkCount, checkEpsilon, normalizeAxis } from "../arguments.js";
import { mixtureMoments } from "../ops/mixtureMoments.js";
import { standardize } from "../ops/standardize.js";
import { unsupervisedAdaptiveNormalization as normalize } from "../ops/unsupervisedAdaptiveNormalization.js";
import { type Affine, type AffineArgs, affineOf } from "./affine.js";
import { Gathering } from "./gathering.js";
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

type LayerArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;
type Shape = (number | null)[];

export interface UnsupervisedAdaptiveNormalizationArgs extends LayerArgs, AffineArgs {
  /** Components K of every channel's mixture. Default 3. */
  numComponents?: number;
  /** The channel axis. Default −1, the last. */
  axis?: number;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
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
  /** Whether a trained beta is added. Default false. */
  center?: boolean;
  /** Whether a trained gamma is multiplied with. Default false. */
  scale?: boolean;
  /** Seed of the 'random' initializer. Default: none, another start each time. */
  seed?: number;
}

function singleShape(shape: Shape | Shape[]): Shape {
  const [first] = shape;
  return Array.isArray(first) ? first : (shape as Shape);
}

function checkChoice(op: string, argument: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw argumentError(op, argument, `be one of '${choices.join("', '")}'`, `'${value}'`);
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
export class UnsupervisedAdaptiveNormalization extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "UnsupervisedAdaptiveNormalization";

  readonly numComponents: number;
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly update: (typeof UPDATES)[number];
  readonly initializer: (typeof INITIALIZERS)[number];
  readonly standardize: boolean;
  readonly center: boolean;
  readonly scale: boolean;
  readonly seed: number | undefined;
  private readonly affine: Affine;
  private readonly affineConfig: serialization.ConfigDict;

  private mean!: tfl.LayerVariable;
  private variance!: tfl.LayerVariable;
  private prior!: tfl.LayerVariable;
  private gamma?: tfl.LayerVariable;
  private beta?: tfl.LayerVariable;
  private movingMean?: tfl.LayerVariable;
  private movingVariance?: tfl.LayerVariable;

  /** While 'data' gathers: what it has seen, and whether the weights were its to set when it began, a boolean tensor. */
  private gathering?: Gathering | undefined;
  private fresh?: Tensor | undefined;

  constructor(args: UnsupervisedAdaptiveNormalizationArgs = {}) {
    super(args);
    const op = UnsupervisedAdaptiveNormalization.className;
    this.numComponents = args.numComponents ?? 3;
    this.axis = args.axis ?? -1;
    this.epsilon = args.epsilon ?? 1e-3;
    this.momentum = args.momentum ?? 0.9;
    this.update = args.update ?? "gradient";
    this.initializer = args.initializer ?? "data";
    this.standardize = args.standardize ?? false;
    this.center = args.center ?? false;
    this.scale = args.scale ?? false;
    this.seed = args.seed ?? undefined;
    checkCount(op, "numComponents", this.numComponents);
    if (!Number.isInteger(this.axis)) throw argumentError(op, "axis", "be an integer", String(this.axis));
    checkEpsilon(op, this.epsilon);
    if (!(this.momentum >= 0 && this.momentum <= 1)) {
      throw argumentError(op, "momentum", "be a number from 0 to 1", String(this.momentum));
    }
    checkChoice(op, "update", this.update, UPDATES);
    checkChoice(op, "initializer", this.initializer, INITIALIZERS);
    const { affine, config } = affineOf(args);
    this.affine = affine;
    this.affineConfig = config;
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const axis = normalizeAxis(this.name, this.axis, shape.length);
    const channels = shape[axis];
    if (axis === 0 || typeof channels !== "number") {
      throw argumentError(this.name, "axis", "be an axis of known size that is not the batch's", `${this.axis} of [${shape}]`);
    }
    this.inputSpec = [new tfl.InputSpec({ ndim: shape.length, axes: { [axis]: channels } })];

    const mixture = this.start(channels);
    const weight = (name: keyof Start) =>
      this.addWeight(
        name,
        name === "prior" ? [this.numComponents, 1] : [this.numComponents, channels],
        "float32",
        { apply: mixture[name] } as unknown as Affine["betaInitializer"],
        undefined,
        this.update !== "momentum",
      );
    this.mean = weight("mean");
    this.variance = weight("variance");
    this.prior = weight("prior");
    const {
      betaInitializer,
      gammaInitializer,
      movingMeanInitializer,
      movingVarianceInitializer,
      betaRegularizer,
      gammaRegularizer,
      betaConstraint,
      gammaConstraint,
    } = this.affine;
    if (this.scale) {
      this.gamma = this.addWeight("gamma", [channels], "float32", gammaInitializer, gammaRegularizer, true, gammaConstraint);
    }
    if (this.center) {
      this.beta = this.addWeight("beta", [channels], "float32", betaInitializer, betaRegularizer, true, betaConstraint);
    }
    if (this.standardize) {
      this.movingMean = this.addWeight("moving_mean", [channels], "float32", movingMeanInitializer, undefined, false);
      this.movingVariance = this.addWeight("moving_variance", [channels], "float32", movingVarianceInitializer, undefined, false);
    }
    // In standardized space the start is what the data would say.
    if (this.initializer === "data" && !this.standardize) this.gathering = new Gathering();
    this.built = true;
  }

  private start(channels: number): Start {
    return this.initializer === "random"
      ? randomStart(this.numComponents, channels, this.seed)
      : standardStart(this.numComponents, channels);
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const x = inputs instanceof Tensor ? inputs : (inputs[0] as Tensor);
      const axis = normalizeAxis(this.name, this.axis, x.rank);
      const training = kwargs.training === true;
      if (this.standardize && !training) return this.infer(x, axis);

      const z = this.standardize ? this.takeOut(x, axis) : x;
      if (training && this.trainable && z.size > 0) {
        if (this.gathering) this.initialize(z, axis, this.gathering);
        if (this.update !== "gradient") this.moveByMoments(z, axis);
      }
      const variance = effectiveVariance(this.variance.read());
      return normalize(z, this.mean.read(), variance, effectivePrior(this.prior.read()), this.config(axis));
    });
  }

  private config(axis: number, epsilon = this.epsilon) {
    return { axis, epsilon, ...(this.gamma && { gamma: this.gamma.read() }), ...(this.beta && { beta: this.beta.read() }) };
  }

  /** The batch without its own mean and variance, which the moving ones follow. */
  private takeOut(x: Tensor, axis: number): Tensor {
    const [movingMean, movingVariance] = [this.movingMean, this.movingVariance] as [tfl.LayerVariable, tfl.LayerVariable];
    const { y, mean, variance } = standardize(x, axis, this.epsilon, movingMean.read());
    const follow = (moving: tfl.LayerVariable, value: Tensor) =>
      moving.write(add(mul(moving.read(), this.momentum), mul(value, 1 - this.momentum)));
    if (x.size > 0) {
      follow(movingMean, mean);
      follow(movingVariance, variance);
    }
    return y;
  }

  /**
   * Inference with standardize, at the price of inference without: with m and s the moving mean and deviation it is the
   * mixture with means m + s μ_k and variances s² v_k (spec.md, section 1).
   */
  private infer(x: Tensor, axis: number): Tensor {
    const [mean, variance] = [this.movingMean, this.movingVariance] as [tfl.LayerVariable, tfl.LayerVariable];
    const spreadOf = add(variance.read(), this.epsilon);
    const means = add(mean.read(), mul(sqrt(spreadOf), this.mean.read()));
    const variances = mul(spreadOf, add(effectiveVariance(this.variance.read()), this.epsilon));
    return normalize(x, means, variances, effectivePrior(this.prior.read()), this.config(axis, 0));
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

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return singleShape(inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    return {
      ...super.getConfig(),
      numComponents: this.numComponents,
      axis: this.axis,
      epsilon: this.epsilon,
      momentum: this.momentum,
      update: this.update,
      initializer: this.initializer,
      standardize: this.standardize,
      center: this.center,
      scale: this.scale,
      ...(this.seed !== undefined && { seed: this.seed }),
      ...this.affineConfig,
    };
  }

  protected override disposeWeights(): number {
    this.endGathering();
    return super.disposeWeights();
  }
}

serialization.registerClass(UnsupervisedAdaptiveNormalization);

/** A layer that normalizes by a mixture: see {@link UnsupervisedAdaptiveNormalization}. */
export function unsupervisedAdaptiveNormalization(
  args?: UnsupervisedAdaptiveNormalizationArgs,
): UnsupervisedAdaptiveNormalization {
  return new UnsupervisedAdaptiveNormalization(args);
}
