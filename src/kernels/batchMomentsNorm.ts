import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkChoice,
  checkFloat32,
  checkGammaAndBeta,
  checkMixture,
  checkTensor,
  type MixtureAttrs,
  type MixtureInputs,
  type MixtureView,
  type PerChannel,
} from "../arguments.js";
import type { Pointer, StandaloneExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import {
  channelsOf,
  checkGradient,
  type GradientNames,
  gradientTensors,
  type MixtureNames,
  mixturePlan,
  type NormGradInputs,
} from "./mixturePlan.js";

export const COMPONENT_WEIGHTS = ["equal", "prior"] as const;

export interface BatchMomentsAttrs extends MixtureAttrs {
  /** w_k: 1, or 1/√λ_k. */
  componentWeights: (typeof COMPONENT_WEIGHTS)[number];
  /** Whether the moving moments are taken alone, as they are with a prior mass of Infinity; the batch's are then not computed. */
  inference?: boolean | undefined;
}

/** What the batch's moments are shrunk toward: a mass, [] or [1], and moving moments [K, C]. With mass 0 it does not matter what these are. */
interface MovingInputs {
  priorMass: TensorInfo;
  movingMean: TensorInfo;
  movingVariance: TensorInfo;
}

export type BatchMomentsInputs = MixtureInputs & PerChannel & MovingInputs;

export interface BatchMomentsGradInputs extends NormGradInputs, MovingInputs {
  /** [K, C], as the forward pass had them. */
  mass: TensorInfo;
  batchMean: TensorInfo;
  batchVariance: TensorInfo;
  residual: TensorInfo;
}

function checkBatchMoments(op: string, inputs: MixtureInputs & MovingInputs, attrs: BatchMomentsAttrs): MixtureView {
  const view = checkMixture(op, inputs, attrs);
  checkChoice(op, "componentWeights", attrs.componentWeights, COMPONENT_WEIGHTS);
  checkFloat32(op, "priorMass", inputs.priorMass);
  const { shape } = inputs.priorMass;
  if (shape.length > 1 || sizeOf(shape) !== 1) throw argumentError(op, "priorMass", "be one number", `shape [${shape}]`);
  for (const name of ["movingMean", "movingVariance"] as const) {
    checkTensor(op, name, inputs[name], inputs.mean.shape);
  }
  return view;
}

type PriorNames = "priorMass" | "movingMean" | "movingVariance";
type MomentNames = "mass" | "batchMean" | "batchVariance" | "residual";

const weightsAt = (prior: Pointer, { componentWeights }: BatchMomentsAttrs) =>
  componentWeights === "prior" ? prior : (0 as Pointer);

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const BatchMomentsNormGrad: BinaryKernel<BatchMomentsGradInputs, BatchMomentsAttrs, MixtureView, StandaloneExports> = {
  name: "BatchMomentsNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkBatchMoments(this.op, inputs, attrs);
    checkGradient(this.op, inputs, view);
    for (const name of ["mass", "batchMean", "batchVariance", "residual"] as const) {
      checkTensor(this.op, name, inputs[name], inputs.mean.shape);
    }
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual } = inputs;
    const { epsilon } = attrs;
    const shared = mixturePlan(binary, inputs, view, attrs, {
      accumulatorCount: binary.batch_moments_norm_grad_accumulator_count,
    });
    const plan: KernelPlan<MixtureNames<"dy" | GradientNames | PriorNames | MomentNames>> = {
      ...shared,
      inputs: { ...shared.inputs, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual },
      ...gradientTensors(inputs, view),
      prepare(at) {
        shared.prepare(at);
        const { table, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual } = at;
        const weights = weightsAt(at.prior, attrs);
        // biome-ignore format: one line
        binary.batch_moments_norm_grad_prepare(table, weights, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual, epsilon);
      },
      passes: [
        parallelPass(binary, "batch_moments_norm_grad_accumulate", ["x", "dy"], {
          merge: "mixture_merge",
          finalize({ table, prior, priorMass, mass, dprior, dgamma, dbeta }) {
            const weights = weightsAt(prior, attrs);
            binary.batch_moments_norm_grad_sums_finalize(table, weights, priorMass, mass, dprior, dgamma, dbeta, epsilon);
          },
        }),
        parallelPass(binary, "batch_moments_norm_grad_apply", ["x", "dy", "dx"], {
          merge: "mixture_merge",
          finalize: ({ table, prior, dmean, dvariance, dprior }) =>
            binary.batch_moments_norm_grad_finalize(table, prior, dmean, dvariance, dprior),
        }),
      ],
    };
    return plan;
  },
};

/**
 * Outputs: y, like x; mass, mean and variance of the batch's activations, [K, C], as each component is responsible for them, and what
 * this mean lost when it was rounded to float32. Of the outputs, y alone has a gradient. In inference the others are those of no
 * activations.
 */
export const BatchMomentsNorm: BinaryKernel<BatchMomentsInputs, BatchMomentsAttrs, MixtureView, StandaloneExports> = {
  name: "BatchMomentsNorm",
  op: "unsupervisedAdaptiveNormalization",
  check(inputs, attrs) {
    const view = checkBatchMoments(this.op, inputs, attrs);
    checkGammaAndBeta(this.op, inputs, view.channels);
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { x, mean, priorMass, movingMean, movingVariance } = inputs;
    const shared = mixturePlan(binary, inputs, view, attrs, {
      accumulatorCount: binary.batch_moments_norm_accumulator_count,
      fold: true,
    });
    const { shape } = mean;
    const plan: KernelPlan<MixtureNames<"y" | PriorNames | MomentNames>> = {
      ...shared,
      inputs: { ...shared.inputs, priorMass, movingMean, movingVariance },
      streamedOutputs: { y: x.shape },
      outputs: { mass: shape, batchMean: shape, batchVariance: shape, residual: shape },
      prepare(at) {
        shared.prepare(at);
        binary.batch_moments_norm_prepare(at.table);
      },
      passes: [
        {
          ...(attrs.inference
            ? { tensors: [] }
            : parallelPass(binary, "batch_moments_norm_accumulate", ["x"], { merge: "mixture_merge" })),
          finalize({ table, variance, prior, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual }) {
            const weights = weightsAt(prior, attrs);
            // biome-ignore format: one line
            binary.batch_moments_norm_finalize(table, variance, weights, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual, attrs.epsilon);
          },
        },
        parallelPass(binary, "batch_moments_norm_apply", ["x", "y"]),
      ],
    };
    return plan;
  },
  gradient: {
    kernel: BatchMomentsNormGrad,
    savedInputs: ["x", "mean", "variance", "prior", "gamma", "priorMass", "movingMean", "movingVariance"],
    savedOutputs: [undefined, "mass", "batchMean", "batchVariance", "residual"],
    gradients: ["x", "mean", "variance", "prior", "gamma", "beta"],
    ones: { gamma: channelsOf },
  },
};
