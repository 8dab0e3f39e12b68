import { engine, serialization, type Tensor } from "@tensorflow/tfjs-core";
import { type AdamHyperparameters, AdamUpdate, checkAdam } from "../kernels/adamUpdate.js";
import type { UpdateAttrs } from "../kernels/weightUpdate.js";
import { run } from "../registry/run.js";
import { FusedOptimizer, type WeightDecayConfig, weightDecayOf } from "./fusedOptimizer.js";

const STATE = ["m", "v"] as const;

/** The class of {@link fusedAdam}. */
export class FusedAdamOptimizer extends FusedOptimizer {
  /** @nocollapse */
  static readonly className = "FusedAdam";

  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon: number | null = null, config: WeightDecayConfig = {}) {
    super(AdamUpdate.op, learningRate, config);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon ?? engine().backend.epsilon();
    checkAdam(AdamUpdate.op, this);
  }

  protected get stateNames(): readonly string[] {
    return STATE;
  }

  protected update(gradient: Tensor, weight: Tensor, [m, v]: Tensor[], attrs: UpdateAttrs): Tensor[] {
    const { of, mayReplace, learningRate, weightDecay } = attrs;
    const { beta1, beta2, epsilon } = this;
    const iteration = this.iterations + 1;
    return run(
      AdamUpdate,
      { gradient, weight, m: m as Tensor, v: v as Tensor },
      { of, mayReplace, learningRate, weightDecay, beta1, beta2, epsilon, iteration },
    );
  }

  /** What fromConfig takes. */
  override getConfig(): serialization.ConfigDict {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }

  /** @nocollapse */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const { learningRate, beta1, beta2, epsilon } = config as unknown as AdamHyperparameters;
    return new cls(learningRate, beta1, beta2, epsilon, weightDecayOf(config));
  }
}
serialization.registerClass(FusedAdamOptimizer);

/**
 * Adam (Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015, Algorithm 1), with weight decay also AdamW (Loshchilov, Hutter,
 * "Decoupled Weight Decay Regularization", 2019), in one pass over each weight where tf.train.adam has fourteen:
 *
 *     m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²
 *     w ← w − learningRate · (weightDecay · w + m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + epsilon))
 *
 * It takes tf.train.adam's place everywhere: in `model.compile({ optimizer: fusedAdam(0.001) })`, in `optimizer.minimize`, in models that are
 * saved and loaded with their optimizer. m and v are the same numbers. The step differs in its corrections 1 − βᵗ alone, which are
 * float64 here and products of float32 there: by 2·10⁻⁵ of itself. State goes over by
 * `await optimizer.setWeights(await other.getWeights())`.
 *
 * On 'wasm', weights are updated in place if no other tensor shares their numbers; tensors cloned or reshaped from them keep theirs.
 *
 * @param learningRate default 0.001. The property of this name may be changed between steps
 * @param beta1 how much of m a step keeps. Default 0.9
 * @param beta2 how much of v a step keeps. Default 0.999
 * @param epsilon added to √v̂. Default: the backend's, 1e-7 for float32
 * @param config weight decay
 * @throws Error where a number is out of range. A step throws where a weight, its gradient or its state is not float32, or where they
 * differ in shape
 */
export function fusedAdam(
  learningRate?: number,
  beta1?: number,
  beta2?: number,
  epsilon?: number | null,
  config?: WeightDecayConfig,
): FusedAdamOptimizer {
  return new FusedAdamOptimizer(learningRate, beta1, beta2, epsilon, config);
}
