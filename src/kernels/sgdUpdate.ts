import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkTensor } from "../arguments.js";
import { type KernelPlan, LIGHT, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkUpdate, factorsOf, type Hyperparameters, UPDATE_ALIGNMENT, type UpdateAttrs } from "./weightUpdate.js";

export interface SgdHyperparameters extends Hyperparameters {
  momentum: number;
  nesterov: boolean;
}

export interface SgdUpdateAttrs extends UpdateAttrs, SgdHyperparameters {}

type Inputs = { gradient: TensorInfo; weight: TensorInfo };
type MomentumInputs = Inputs & { accumulation: TensorInfo };

export function checkSgd(op: string, attrs: SgdHyperparameters): void {
  const { momentum } = attrs;
  if (!(momentum >= 0 && momentum <= 1)) throw argumentError(op, "momentum", "be between 0 and 1", String(momentum));
  checkUpdate(op, attrs);
}

/** A step of gradient descent. Output: the weight, or none where `mayReplace` let it take the place of the old one. */
export const SgdUpdate: BinaryKernel<Inputs, SgdUpdateAttrs, void> = {
  name: "SgdUpdate",
  op: "fusedSgd",
  check({ gradient, weight }, attrs) {
    const { of } = attrs;
    checkFloat32(this.op, of, weight);
    checkTensor(this.op, `gradient of ${of}`, gradient, weight.shape);
    checkSgd(this.op, attrs);
  },
  plan(binary, { gradient, weight }, attrs): KernelPlan<"gradient" | "weight" | "newWeight"> {
    const { shape } = weight;
    return {
      ...NOT_STREAMED,
      streamedInputs: { gradient, weight },
      streamedOutputs: { newWeight: shape },
      replacing: attrs.mayReplace ? { newWeight: "weight" } : undefined,
      count: sizeOf(shape),
      chunkAlignment: UPDATE_ALIGNMENT,
      minWaking: LIGHT,
      tableBytes: binary.sgd_update_table_bytes(),
      prepare({ table }) {
        const { step, keep } = factorsOf(attrs);
        binary.sgd_update_prepare(table, step, keep, 0, false);
      },
      passes: [parallelPass(binary, "sgd_update_apply", ["gradient", "weight", "newWeight"])],
    };
  },
};

/** A step with momentum. Outputs: the weight and the accumulation, or none, as of SgdUpdate. */
export const MomentumUpdate: BinaryKernel<MomentumInputs, SgdUpdateAttrs, void> = {
  name: "MomentumUpdate",
  op: "fusedSgd",
  check({ gradient, weight, accumulation }, attrs) {
    const { of } = attrs;
    checkFloat32(this.op, of, weight);
    checkTensor(this.op, `gradient of ${of}`, gradient, weight.shape);
    checkTensor(this.op, `momentum of ${of}`, accumulation, weight.shape);
    checkSgd(this.op, attrs);
  },
  plan(
    binary,
    { gradient, weight, accumulation },
    attrs,
  ): KernelPlan<"gradient" | "weight" | "accumulation" | "newWeight" | "newAccumulation"> {
    const { shape } = weight;
    return {
      ...NOT_STREAMED,
      streamedInputs: { gradient, weight, accumulation },
      streamedOutputs: { newWeight: shape, newAccumulation: shape },
      replacing: attrs.mayReplace ? { newWeight: "weight", newAccumulation: "accumulation" } : undefined,
      count: sizeOf(shape),
      chunkAlignment: UPDATE_ALIGNMENT,
      minWaking: LIGHT,
      tableBytes: binary.sgd_update_table_bytes(),
      prepare({ table }) {
        const { step, keep } = factorsOf(attrs);
        binary.sgd_update_prepare(table, step, keep, attrs.momentum, attrs.nesterov);
      },
      passes: [
        parallelPass(binary, "sgd_update_momentum_apply", ["gradient", "weight", "accumulation", "newWeight", "newAccumulation"]),
      ],
    };
  },
};
