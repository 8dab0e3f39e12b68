import * as tf from "@tensorflow/tfjs-core";

/** A check that must pass on every backend in every runtime. It needs only TensorFlow.js and the built library. */
export interface Case {
  name: string;
  /** Throws if a value is wrong. */
  run(context: Context): Promise<void>;
}

export interface Context {
  backend: string;
  tolerance: Tolerance;
}

/** The largest errors allowed. */
export interface Tolerance {
  /** Relative to 1 + |y|. */
  value: number;
  /** Relative to the largest entry of a gradient. */
  gradient: number;
}

/** Values and shape of a tensor. */
export type Numbers = [values: ArrayLike<number>, shape: number[]];

const tensorOf = ([values, shape]: Numbers) => tf.tensor(Float32Array.from(values), shape);

/** Reads tensors asynchronously, because 'webgpu' cannot read them synchronously. */
export async function read<Name extends string>(make: () => Record<Name, tf.Tensor>): Promise<Record<Name, Float32Array>> {
  const tensors = tf.tidy(make);
  const values: Partial<Record<Name, Float32Array>> = {};
  for (const name in tensors) values[name] = (await tensors[name].data<"float32">()).slice();
  tf.dispose(tensors);
  return values as Record<Name, Float32Array>;
}

/** The result of an operation, and the gradients of Σ dy·y with respect to each input. */
export async function differentiate<Name extends string>(
  op: (tensors: Record<Name, tf.Tensor>) => tf.Tensor,
  inputs: Record<Name, Numbers>,
  dy: ArrayLike<number>,
): Promise<{ y: Float32Array; gradients: Record<Name, Float32Array> }> {
  const names = Object.keys(inputs) as Name[];
  const named = (tensors: tf.Tensor[]) => {
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]])) as Record<Name, tf.Tensor>;
  };
  const f = (...tensors: tf.Tensor[]) => op(named(tensors));
  const { "": y, ...gradients } = await read(() => {
    const tensors = names.map((name) => tensorOf(inputs[name]));
    const y = f(...tensors);
    return { ...named(tf.grads(f)(tensors, tensorOf([dy, y.shape]))), "": y } as Record<Name | "", tf.Tensor>;
  });
  return { y: y as Float32Array, gradients: gradients as unknown as Record<Name, Float32Array> };
}

/** Throws unless a condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
