import { cast, type Tensor, tidy, type Variable } from "@tensorflow/tfjs-core";
import { LayerVariable, type layers } from "@tensorflow/tfjs-layers";

// Weights of tf.layers: setWeights, loadWeights and users write to them, optimizers assign to the tf.Variables that they read as.

/** How a weight got a value. */
export type Assignment = "write" | "assign";

/** Tells of every value that a weight gets from now on, before it gets it. @returns what ends this */
export function watchWeight(weight: LayerVariable, tell: (how: Assignment) => void): () => void {
  const variable = weight.read() as Variable;
  const { assign } = variable;
  let isWriting = false;
  weight.write = (value) => {
    tell("write");
    isWriting = true;
    try {
      return LayerVariable.prototype.write.call(weight, value);
    } finally {
      isWriting = false;
    }
  };
  variable.assign = (value) => {
    if (!isWriting) tell("assign");
    assign.call(variable, value);
  };
  return () => {
    Reflect.deleteProperty(weight, "write");
    Reflect.deleteProperty(variable, "assign");
  };
}

/**
 * Whether a layer is frozen: by its own `trainable`, or by that of the model that holds it, which TensorFlow.js passes on to the
 * layer's weights alone.
 */
export function isFrozen(layer: layers.Layer): boolean {
  const { _trainableWeights: weights } = layer as unknown as { _trainableWeights?: LayerVariable[] };
  return !layer.trainable || (weights !== undefined && weights.length > 0 && weights.every(({ trainable }) => !trainable));
}

/**
 * Has a weight cast what it is given to its own dtype, where TensorFlow.js refuses another.
 *
 * @param tell called before
 */
export function castOnWrite(weight: LayerVariable, tell?: () => void): void {
  weight.write = (value) => {
    tell?.();
    tidy(() => void LayerVariable.prototype.write.call(weight, cast(value, weight.dtype)));
    return weight;
  };
}

/** Gives a weight a value, whatever constraint it has. */
export function assignTo(weight: LayerVariable, value: Tensor): void {
  (weight.read() as Variable).assign(value);
}
