import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkShape } from "../arguments.js";
import { CLIP_GRAD, RELU_GRAD, SIGMOID_GRAD, TANH_GRAD } from "../constants.js";
import { CACHE_LINE, type KernelPlan, LIGHT, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { float32Bits } from "./float32Bits.js";
import { alignmentOfRows } from "./softmax.js";

/** x: what the activation got, or of tanh, sigmoid and softmax what it gave. */
type Inputs = { dy: TensorInfo; x: TensorInfo };

export interface ActivationGradAttrs {
  /** The name of its kernel. */
  activation: keyof typeof OPERATIONS | "Softmax";
  /** ClipByValue's. */
  clipValueMin?: number;
  clipValueMax?: number;
}

const OPERATIONS = { Relu: RELU_GRAD, Relu6: RELU_GRAD, Tanh: TANH_GRAD, Sigmoid: SIGMOID_GRAD, ClipByValue: CLIP_GRAD };

/** The numbers above 0 that these pass on. */
const HIGHEST: { [activation: string]: number } = { Relu: Number.POSITIVE_INFINITY, Relu6: 6 };

/** Numbers that chunks start at multiples of. */
const ALIGNMENT = CACHE_LINE / 4;

/** Numbers of the gradient of softmax that are worth waking threads for. */
const MIN_WAKING_SOFTMAX = 131072;

/** Output: the gradient of an activation. */
export const ActivationGrad: BinaryKernel<Inputs, ActivationGradAttrs, number> = {
  name: "ActivationGrad",
  op: "activationGrad",
  check({ dy, x }) {
    checkFloat32(this.op, "dy", dy);
    checkFloat32(this.op, "x", x);
    checkShape(this.op, "dy", dy, x.shape);
    return sizeOf(x.shape);
  },
  plan(binary, { dy, x }, { activation, clipValueMin = 0, clipValueMax = 0 }, count): KernelPlan<"dy" | "x" | "dx"> {
    if (activation === "Softmax") {
      return {
        ...NOT_STREAMED,
        count,
        chunkAlignment: alignmentOfRows(x.shape),
        minWaking: MIN_WAKING_SOFTMAX,
        streamedInputs: { dy, x },
        streamedOutputs: { dx: x.shape },
        tableBytes: 4,
        constants: Uint32Array.of(x.shape.at(-1) ?? 1),
        passes: [parallelPass(binary, "softmax_grad_apply", ["dy", "x", "dx"])],
      };
    }
    const low = float32Bits(clipValueMin);
    const high = float32Bits(HIGHEST[activation] ?? clipValueMax);
    return {
      ...NOT_STREAMED,
      inputs: { dy, x },
      outputs: { dx: x.shape },
      count,
      chunkAlignment: ALIGNMENT,
      minWaking: LIGHT,
      tableBytes: binary.broadcast_table_bytes(1),
      scratchBytes: binary.broadcast_scratch_bytes(),
      constants: Uint32Array.of(OPERATIONS[activation], low, high, 1, count, 1, 1),
      passes: [parallelPass(binary, "broadcast_apply", ["dy", "x", "dx"])],
    };
  },
};
