import {
  add,
  customGrad,
  div,
  mean as meanOf,
  moments,
  mul,
  neg,
  ones,
  reshape,
  sqrt,
  sub,
  type Tensor,
  type Tensor1D,
} from "@tensorflow/tfjs-core";
import { isRecording } from "../kernels/gradients.js";
import { run } from "../kernels/kernel.js";
import { UnsupervisedAdaptiveNormGrad } from "../kernels/unsupervisedAdaptiveNormGrad.js";
import { mixtureMoments } from "./mixtureMoments.js";
import { unsupervisedAdaptiveNormalization } from "./unsupervisedAdaptiveNormalization.js";

/** A batch without its own mean and variance, and the two. */
export interface Standardized {
  /** (x − mean)/√(variance + epsilon), with gradients to x, through mean and variance too. */
  y: Tensor;
  /** [C], without gradients. */
  mean: Tensor1D;
  /** [C], biased, without gradients. */
  variance: Tensor1D;
}

/**
 * Takes its own mean and variance out of every channel of a batch (Ioffe, Szegedy, arXiv 1502.03167). A normalization by a
 * mixture of one component does the work: its moments are these two, and the part of the gradient that goes through them,
 * linear in x for every channel, is such a normalization again.
 *
 * @param about numbers [C] near the means: deviations are measured from them, so that their squares keep their digits
 */
export function standardize(x: Tensor, axis: number, epsilon: number, about: Tensor): Standardized {
  const channels = x.shape[axis] as number;
  const count = x.size / channels;
  const row = (parameter: Tensor) => reshape(parameter, [1, channels]);
  const one = ones([1]);
  const batch = mixtureMoments(x, row(about), ones([1, channels]), one, { axis, epsilon });
  const y = customGrad((x, save) => {
    (save as (tensors: Tensor[]) => void)([x as Tensor, batch.mean, batch.variance]);
    return {
      value: unsupervisedAdaptiveNormalization(x as Tensor, batch.mean, batch.variance, one, { axis, epsilon }),
      gradFunc: (dy, saved) => {
        const [x, mean, variance] = saved as [Tensor, Tensor, Tensor];
        if (isRecording()) return differentiableGradient(x, dy as Tensor, axis, epsilon);
        const prior = ones([1]);
        const inputs = { x, dy: dy as Tensor, mean, variance, prior, gamma: undefined };
        const gradients = run(UnsupervisedAdaptiveNormGrad, inputs, { axis, epsilon }) as Tensor[];
        const [dx, , , , dgamma, dbeta] = gradients as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
        const share = neg(mul(sqrt(add(reshape(variance, [channels]), epsilon)), count));
        const config = { axis, epsilon, gamma: div(dgamma, share), beta: div(dbeta, share) };
        return add(dx, unsupervisedAdaptiveNormalization(x, mean, variance, prior, config));
      },
    };
  })(x);
  return { y, mean: reshape(batch.mean, [channels]), variance: reshape(batch.variance, [channels]) };
}

/** dx = (dy − ⟨dy⟩ − y⟨dy·y⟩)/√(variance + epsilon), where ⟨⟩ is the mean over the channel, by operations that have gradients. */
function differentiableGradient(x: Tensor, dy: Tensor, axis: number, epsilon: number): Tensor {
  const axes = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const { mean, variance } = moments(x, axes, true);
  const deviation = sqrt(add(variance, epsilon));
  const y = div(sub(x, mean), deviation);
  return div(sub(sub(dy, meanOf(dy, axes, true)), mul(y, meanOf(mul(dy, y), axes, true))), deviation);
}
