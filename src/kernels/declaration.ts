import type { BinaryExports } from "../binary/interface.js";
import type { KernelPlan } from "../launch/plan.js";

/**
 * A kernel, declared once for all backends. Of TensorFlow.js it knows types alone: tfjs-uan/standalone runs kernels without it.
 *
 * @template I its inputs by name
 * @template A its attributes
 * @template V the result of its check
 * @template B the binary that its plan is for
 */
export interface KernelDeclaration<I, A, V, B = BinaryExports> {
  /** Its name in TensorFlow.js's registry. */
  name: string;
  /** The operation that error messages name. */
  op: string;
  /** @throws Error where inputs and attributes do not fit; what is read and written follows from its result */
  check(inputs: I, attrs: A): V;
  /** What the binary is to do. Where it is left out, TensorFlow.js operations do the work on every backend. */
  plan?(binary: B, inputs: I, attrs: A, view: V): KernelPlan;
  gradient?: GradientDeclaration;
}

/** A kernel that has a binary form. */
export type BinaryKernel<I, A, V, B = BinaryExports> = KernelDeclaration<I, A, V, B> &
  Required<Pick<KernelDeclaration<I, A, V, B>, "plan">>;

/**
 * A kernel under the name of one of TensorFlow.js's, for 'wasm'. It takes what TensorFlow.js's kernels on 'cpu' take: numbers that are
 * int32 or bool are cast to float32, unless they are TensorFlow.js's.
 */
export interface NamesakeKernel<I, A, V> extends BinaryKernel<I, A, V> {
  /** Inputs that are not cast: indices, int32. Default: none. */
  indices?: readonly string[];
  /** The input whose dtype the output has. Default: none; it is float32. */
  dtypeOf?: string;
  /** Whether TensorFlow.js's kernel computes a call of float32 inputs right. Calls that the check refuses go to it. Default: never. */
  theirsTakes?(inputs: I, attrs: A): boolean;
  /**
   * Whether TensorFlow.js's kernel is faster. Calls that it takes go to it then. Default: never.
   *
   * @param inThreads whether ours is split over the library's threads, and TensorFlow.js's has one
   */
  theirsIsFaster?(inputs: I, attrs: A, inThreads: boolean): boolean;
  /** Whether calls with inputs that are not float32 go to TensorFlow.js's kernel, which has loops for integers. Default: false. */
  integersAreTheirs?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of kernels holds declarations of different inputs and attributes
export type AnyKernel = KernelDeclaration<any, any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyBinaryKernel = BinaryKernel<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyNamesakeKernel = NamesakeKernel<any, any, any>;

/** How a kernel is differentiated: by another kernel of the same attributes. */
export interface GradientDeclaration {
  /** Its inputs are the saved tensors, by their names, and `dy`, the gradient of the first output. */
  kernel: AnyKernel;
  savedInputs: readonly string[];
  /** The names of the kernel's outputs that are saved; undefined for those that are not. */
  savedOutputs?: ReadonlyArray<string | undefined>;
  /** The inputs that the gradient kernel's outputs are the gradients of, in order. Others have none. */
  gradients: readonly string[];
  /** Shapes of inputs whose gradient is 0. */
  // biome-ignore lint/suspicious/noExplicitAny: saved inputs and attributes of the kernel
  constants?: { [input: string]: (saved: any, attrs: any) => number[] };
  /**
   * Shapes of saved inputs that may be missing. TensorFlow.js saves only inputs that are there: ones take their place while it
   * records.
   */
  // biome-ignore lint/suspicious/noExplicitAny: inputs and attributes of the kernel
  ones?: { [input: string]: (inputs: any, attrs: any) => number[] };
}
