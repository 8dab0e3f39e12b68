import * as tf from "@tensorflow/tfjs-core";
import type { Problem } from "../problem.js";
import type { Call } from "../rounds.js";
import type { Context } from "../section.js";

/** Forward is what inference does; training is forward and backward, with the gradients of x and of all parameters. */
export type Pass = "forward" | "training";

/** Something that normalizes, or that normalizing is measured by. */
export interface Contender {
  name: string;
  /** What is said of it beside a table. */
  note?: string;
  /** Whether it takes part in a problem. Default: in all. */
  isFor?(problem: Problem): boolean;
  /** What it does with a problem, in those passes that it has. Tensors that outlive a call are the problem's to keep. */
  calls(problem: Problem, context: Context): Partial<Record<Pass, Call>> | Promise<Partial<Record<Pass, Call>>>;
  /** Throws, or rejects, unless it computes what it should. */
  check?(pass: Pass, problem: Problem): Promise<void>;
  /** How many tensors of x's size a call must read or write, where it is not as in NORMALIZATION_TRAFFIC. */
  traffic?: Partial<Record<Pass, number>>;
  /** It runs in rounds with this one alone: what it leaves of heap and caches is nobody else's affair. */
  against?: Contender;
}

/** Forward reads x and writes y; backward reads x and dy, and writes dx. */
export const NORMALIZATION_TRAFFIC: Record<Pass, number> = { forward: 2, training: 5 };

// biome-ignore lint/suspicious/noExplicitAny: tf.grads takes functions of any number of tensors
export type Operation = (...inputs: any[]) => tf.Tensor;

/** Forward and backward: the gradients of all inputs. */
export function trainingStep(operation: Operation, inputs: tf.Tensor[], dy: tf.Tensor): Call {
  const gradients = tf.grads(operation);
  return () => tf.dispose(gradients(inputs, dy));
}
