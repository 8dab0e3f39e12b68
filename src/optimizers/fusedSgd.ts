import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import { checkSgd, MomentumUpdate, type SgdHyperparameters, SgdUpdate } from "../kernels/sgdUpdate.js";
import type { UpdateAttrs } from "../kernels/weightUpdate.js";
import { run } from "../registry/run.js";
import { FusedOptimizer, type WeightDecayConfig, weightDecayOf } from "./fusedOptimizer.js";

/** Options of {@link fusedSgd}. */
export interface FusedSgdConfig extends WeightDecayConfig {
  /** How much of the accumulated gradients a step keeps, from 0 to 1. Default 0: none are accumulated. */
  momentum?: number;
  /** Whether weights move along the gradient and the accumulation of the next step, as Nesterov's method has it. Default false. */
  nesterov?: boolean;
}

const STATE = ["momentum"] as const;

/** The class of {@link fusedSgd}. */
export class FusedSgdOptimizer extends FusedOptimizer {
  /** @nocollapse */
  static readonly className = "FusedSgd";

  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(learningRate: number, config: FusedSgdConfig = {}) {
    super(SgdUpdate.op, learningRate, config);
    const { momentum = 0, nesterov = false } = config;
    this.momentum = momentum;
    this.nesterov = nesterov;
    checkSgd(SgdUpdate.op, this);
  }

  protected get stateNames(): readonly string[] {
    return this.momentum > 0 ? STATE : [];
  }

  protected update(gradient: Tensor, weight: Tensor, [accumulation]: Tensor[], attrs: UpdateAttrs): Tensor[] {
    const { of, mayReplace, learningRate, weightDecay } = attrs;
    const { momentum, nesterov } = this;
    const all = { of, mayReplace, learningRate, weightDecay, momentum, nesterov };
    if (accumulation) return run(MomentumUpdate, { gradient, weight, accumulation }, all);
    const updated: Tensor | Tensor[] = run(SgdUpdate, { gradient, weight }, all);
    return Array.isArray(updated) ? updated : [updated];
  }

  /** As of tf.train.sgd. */
  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }

  /** What fromConfig takes. */
  override getConfig(): serialization.ConfigDict {
    const { momentum, nesterov } = this;
    return { ...super.getConfig(), momentum, nesterov };
  }

  /** @nocollapse */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const { learningRate, momentum, nesterov } = config as unknown as SgdHyperparameters;
    return new cls(learningRate, { momentum, nesterov, ...weightDecayOf(config) });
  }
}
serialization.registerClass(FusedSgdOptimizer);

/**
 * Gradient descent, with momentum (Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning",
 * 2013) if wanted, in one pass over each weight:
 *
 *     w ← w − learningRate · (weightDecay · w + g)
 *
 * or, with momentum, as tf.train.momentum accumulates gradients,
 *
 *     a ← momentum · a + g,    w ← w − learningRate · (weightDecay · w + a)
 *
 * where with `nesterov` g + momentum · a takes the place of the last a. Keras accumulates learningRate · g instead: the same as long as the
 * learning rate does not change. Its weight decay is this one.
 *
 * It takes the place of tf.train.sgd and tf.train.momentum, with the same numbers, as {@link fusedAdam} that of tf.train.adam; their state
 * goes over, too.
 *
 * @param learningRate the property of this name may be changed between steps
 * @throws Error where a number is out of range. A step throws where a weight, its gradient or its state is not float32, or where they
 * differ in shape
 */
export function fusedSgd(learningRate: number, config?: FusedSgdConfig): FusedSgdOptimizer {
  return new FusedSgdOptimizer(learningRate, config);
}
