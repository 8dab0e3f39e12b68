import * as tf from "@tensorflow/tfjs-core";

/** Values and shape of a tensor. */
export type Numbers = [values: ArrayLike<number>, shape: number[]];

export const tensorOf = ([values, shape]: Numbers) => tf.tensor(Float32Array.from(values), shape);

/** Reads tensors asynchronously, because 'webgpu' cannot read them synchronously. No tensor is left. */
export async function read<Name extends string>(make: () => Record<Name, tf.Tensor>): Promise<Record<Name, Float32Array>> {
  const tensors = tf.tidy(make);
  const values: Partial<Record<Name, Float32Array>> = {};
  for (const name in tensors) values[name] = (await tensors[name].data<"float32">()).slice();
  tf.dispose(tensors);
  return values as Record<Name, Float32Array>;
}

/** The values of one tensor. */
export async function readOne(make: () => tf.Tensor): Promise<Float32Array> {
  return (await read(() => ({ tensor: make() }))).tensor;
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

/** ∂/∂x of w · ∂/∂x Σ y of an operation, where w is given, or of |∂/∂x Σ y|². */
export function secondDerivative(op: (x: tf.Tensor) => tf.Tensor, x: Numbers, weight?: ArrayLike<number>): Promise<Float32Array> {
  const [, shape] = x;
  return readOne(() => {
    const first = tf.grad((x: tf.Tensor) => tf.sum(op(x)));
    const penalty = (x: tf.Tensor) => {
      const dx = first(x);
      return tf.sum(weight ? tf.mul(dx, tensorOf([weight, shape])) : tf.square(dx));
    };
    return tf.grad(penalty)(tensorOf(x));
  });
}
