import * as tf from "@tensorflow/tfjs-core";
import type { Problem } from "../problem.js";
import type { Call } from "../rounds.js";
import type { Context } from "../section.js";

/** The forward pass is that of inference. Training is forward and backward pass, with the gradients of x and of all parameters. */
export type Pass = "forward" | "training";

/** A normalization, or an operation to compare normalizations with. */
export interface Contender {
  name: string;
  /** Explains it in the notes of a table. */
  note?: string;
  /** Whether it can compute a problem. Default: always. */
  isFor?(problem: Problem): boolean;
  /** Its calls for a problem, in the passes that it has. Tensors that outlive a call are kept by the problem. */
  calls(problem: Problem, context: Context): Partial<Record<Pass, Call>> | Promise<Partial<Record<Pass, Call>>>;
  /** Rejects if it computes wrong values. */
  check?(pass: Pass, problem: Problem): Promise<void>;
  /** How many tensors of x's size a call must read or write. Default: as in NORMALIZATION_TRAFFIC. */
  traffic?: Partial<Record<Pass, number>>;
  /** It runs in rounds with only this contender, so that its effect on heap and caches does not disturb the others. */
  against?: Contender;
}

/** The forward pass reads x and writes y. The backward pass reads x and dy, and writes dx. */
export const NORMALIZATION_TRAFFIC: Record<Pass, number> = { forward: 2, training: 5 };

// biome-ignore lint/suspicious/noExplicitAny: tf.grads takes functions of any number of tensors
export type Operation = (...inputs: any[]) => tf.Tensor;

/** Forward and backward pass, with the gradients of all inputs. */
export function trainingStep(operation: Operation, inputs: tf.Tensor[], dy: tf.Tensor): Call {
  const gradients = tf.grads(operation);
  return () => tf.dispose(gradients(inputs, dy));
}
