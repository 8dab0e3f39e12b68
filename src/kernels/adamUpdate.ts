import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkCount, checkEpsilon, checkFloat32, checkTensor } from "../arguments.js";
import { type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkUpdate, factorsOf, type Hyperparameters, UPDATE_ALIGNMENT, type UpdateAttrs } from "./weightUpdate.js";

export interface AdamHyperparameters extends Hyperparameters {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export interface AdamUpdateAttrs extends UpdateAttrs, AdamHyperparameters {
  /** Which step it is, from 1 on. */
  iteration: number;
}

type Inputs = { gradient: TensorInfo; weight: TensorInfo; m: TensorInfo; v: TensorInfo };

/** The factors of a step, in float64 (docs/math.md, section 7.1). */
export function adamFactors(attrs: AdamUpdateAttrs) {
  const { beta1, beta2, iteration } = attrs;
  const { step, keep } = factorsOf(attrs);
  return {
    gain1: 1 - beta1,
    gain2: 1 - beta2,
    correction1: 1 / (1 - beta1 ** iteration),
    correction2: 1 / (1 - beta2 ** iteration),
    step,
    keep,
  };
}

export function checkAdam(op: string, attrs: AdamHyperparameters): void {
  for (const name of ["beta1", "beta2"] as const) {
    if (!(attrs[name] >= 0 && attrs[name] < 1))
      throw argumentError(op, name, "be at least 0 and less than 1", String(attrs[name]));
  }
  checkEpsilon(op, attrs.epsilon);
  checkUpdate(op, attrs);
}

/** A step of Adam. Outputs: weight, m and v, or none where `mayReplace` let them take the places of those that they come from. */
export const AdamUpdate: BinaryKernel<Inputs, AdamUpdateAttrs, void> = {
  name: "AdamUpdate",
  op: "fusedAdam",
  check({ gradient, weight, m, v }, attrs) {
    const { of } = attrs;
    const { shape } = weight;
    checkFloat32(this.op, of, weight);
    checkTensor(this.op, `gradient of ${of}`, gradient, shape);
    checkTensor(this.op, `m of ${of}`, m, shape);
    checkTensor(this.op, `v of ${of}`, v, shape);
    checkAdam(this.op, attrs);
    checkCount(this.op, "iteration", attrs.iteration);
  },
  plan(binary, { gradient, weight, m, v }, attrs): KernelPlan<"gradient" | "weight" | "m" | "v" | "newWeight" | "newM" | "newV"> {
    const { shape } = weight;
    return {
      ...NOT_STREAMED,
      streamedInputs: { gradient, weight, m, v },
      streamedOutputs: { newWeight: shape, newM: shape, newV: shape },
      replacing: attrs.mayReplace ? { newWeight: "weight", newM: "m", newV: "v" } : undefined,
      count: sizeOf(shape),
      chunkAlignment: UPDATE_ALIGNMENT,
      tableBytes: binary.adam_update_table_bytes(),
      prepare({ table }) {
        const { beta1, beta2, epsilon } = attrs;
        const { gain1, gain2, correction1, correction2, step, keep } = adamFactors(attrs);
        binary.adam_update_prepare(table, beta1, gain1, beta2, gain2, correction1, correction2, epsilon, step, keep);
      },
      passes: [parallelPass(binary, "adam_update_apply", ["gradient", "weight", "m", "v", "newWeight", "newM", "newV"])],
    };
  },
};
