import {
  engine,
  type NamedTensorMap,
  Optimizer,
  type serialization,
  type Tensor,
  tidy,
  type Variable,
  variable,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import type { UpdateAttrs } from "../kernels/weightUpdate.js";

interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** Weight decay, as of Keras's optimizers. */
export interface WeightDecayConfig {
  /**
   * The share that a step takes away from every weight, times the learning rate: w − learningRate·weightDecay·w takes the place of w, and
   * the gradient has no part in it ("decoupled"; Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2019). Default 0.
   */
  weightDecay?: number;
  /**
   * Weights whose names contain one of these keep what they are: `["bias", "gamma", "beta"]`; with UAN, `"mean"`, `"variance"` and
   * `"prior"`, too. Default: none.
   */
  excludeFromWeightDecay?: readonly string[];
}

/** What an optimizer keeps for a weight. */
interface Slot {
  /** The weight's name. Not known where the state was restored, until the next step. */
  of?: string;
  /** Of the weight, in the order of the optimizer's `stateNames`. */
  state: NamedTensor[];
}

/**
 * A tf.Optimizer that updates each weight in one kernel, and keeps its state under the names, and in the order, of TensorFlow.js's own
 * optimizer.
 *
 * State belongs to a weight by its name. State that setWeights restored may have the names of another run: it belongs to the weights
 * in the order of the next step, as it does in TensorFlow.js.
 */
export abstract class FusedOptimizer extends Optimizer {
  /** May be changed between steps. */
  learningRate: number;
  readonly weightDecay: number;
  readonly excludeFromWeightDecay: readonly string[];
  private slots: Slot[] = [];
  private readonly slotOf = new Map<string, Slot>();

  /** @param op the operation that messages name */
  constructor(
    private readonly op: string,
    learningRate: number,
    { weightDecay = 0, excludeFromWeightDecay = [] }: WeightDecayConfig,
  ) {
    super();
    if (!(Array.isArray(excludeFromWeightDecay) && excludeFromWeightDecay.every((part) => typeof part === "string"))) {
      throw argumentError(op, "excludeFromWeightDecay", "be an array of strings", String(excludeFromWeightDecay));
    }
    this.learningRate = learningRate;
    this.weightDecay = weightDecay;
    this.excludeFromWeightDecay = excludeFromWeightDecay;
  }

  /** What is kept for each weight. */
  protected abstract get stateNames(): readonly string[];

  /**
   * Runs the kernel.
   *
   * @returns the weight and its state, or nothing where these were written in place
   */
  protected abstract update(gradient: Tensor, weight: Tensor, state: Tensor[], attrs: UpdateAttrs): Tensor[];

  /**
   * Moves weights along their gradients.
   *
   * @param variableGradients gradients by the names of tf.Variables. A weight whose gradient is null stays as it is
   * @throws Error where there is no such variable, where it, its gradient or its state is not float32, or where they differ in shape
   */
  applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    const gradients = Array.isArray(variableGradients)
      ? variableGradients
      : Object.entries(variableGradients).map(([name, tensor]) => ({ name, tensor }));
    for (const [i, { name, tensor }] of gradients.entries()) {
      const weight = engine().registeredVariables[name];
      if (!weight) throw argumentError(this.op, "variableGradients", "name variables that are there", `'${name}'`);
      const { state } = this.claimSlot(name, i, weight);
      if (tensor != null) this.step(name, tensor, weight, state);
    }
    this.incrementIterations();
  }

  private step(name: string, gradient: Tensor, weight: Variable, state: NamedTensor[]): void {
    const kept = state.map(({ tensor }) => tensor as Variable);
    const weightDecay = this.excludeFromWeightDecay.some((part) => name.includes(part)) ? 0 : this.weightDecay;
    // Who has put a method of his own in the place of `assign` wants to know of new numbers.
    const mayReplace = !Object.hasOwn(weight, "assign");
    const updated = this.update(gradient, weight, kept, {
      of: name,
      mayReplace,
      learningRate: this.learningRate,
      weightDecay,
    });
    const variables = [weight, ...kept];
    for (const [i, value] of updated.entries()) {
      variables[i]?.assign(value);
      value.dispose();
    }
  }

  /** A weight's slot, with zeros where there is none yet. */
  private claimSlot(name: string, position: number, weight: Variable): Slot {
    const known = this.slotOf.get(name);
    if (known) return known;
    const restored = this.slots[position];
    const slot = restored && restored.of === undefined ? restored : this.addSlot(name, weight);
    slot.of = name;
    this.slotOf.set(name, slot);
    return slot;
  }

  private addSlot(name: string, weight: Variable): Slot {
    const state = this.stateNames.map((of) => ({
      name: `${name}/${of}`,
      tensor: tidy(() => variable(zerosLike(weight), false)),
    }));
    const slot = { state };
    this.slots.push(slot);
    return slot;
  }

  /** The number of steps, and what is kept of the weights, under the names and in the order of TensorFlow.js's own optimizer. */
  override async getWeights(): Promise<NamedTensor[]> {
    const iterations = await this.saveIterations();
    return [iterations, ...this.stateNames.flatMap((_, i) => this.slots.map(({ state }) => state[i] as NamedTensor))];
  }

  /** Takes over what getWeights gave, of this optimizer or of TensorFlow.js's own. The tensors stay the caller's. */
  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const values = await this.extractIterations(weightValues);
    const { stateNames } = this;
    const count = stateNames.length > 0 ? values.length / stateNames.length : 0;
    if (!Number.isInteger(count) || count * stateNames.length !== values.length) {
      const wanted = `have the number of steps, and ${stateNames.length} tensors for each weight`;
      throw argumentError(this.op, "weightValues", wanted, `${weightValues.length} tensors`);
    }
    this.disposeSlots();
    this.slots = Array.from({ length: count }, (_, i) => ({
      state: stateNames.map((_, j) => {
        const { name, tensor } = values[j * count + i] as NamedTensor;
        return { name, tensor: variable(tensor, false) };
      }),
    }));
  }

  /** Frees what is kept of the weights. */
  override dispose(): void {
    this.disposeSlots();
  }

  private disposeSlots(): void {
    for (const { state } of this.slots) for (const { tensor } of state) tensor.dispose();
    this.slots = [];
    this.slotOf.clear();
  }

  /** What fromConfig takes. */
  getConfig(): serialization.ConfigDict {
    const { learningRate, weightDecay, excludeFromWeightDecay } = this;
    // Of all strings, tf.loadLayersModel leaves names alone.
    return { learningRate, weightDecay, excludeFromWeightDecay: excludeFromWeightDecay.map((name) => ({ name })) };
  }
}

/** Weight decay out of a configuration. */
export function weightDecayOf({ weightDecay, excludeFromWeightDecay }: serialization.ConfigDict): WeightDecayConfig {
  const excluded = (excludeFromWeightDecay ?? []) as { name: string }[];
  return { weightDecay: weightDecay as number, excludeFromWeightDecay: excluded.map(({ name }) => name) };
}
