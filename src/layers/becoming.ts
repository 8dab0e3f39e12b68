import type * as tfl from "@tensorflow/tfjs-layers";
import { type Shape, singleShape } from "./sameShapeLayer.js";

// TensorFlow.js's batch and layer normalization, read from a file, stay what they are where TensorFlow.js can do what they say. That
// may be known when the input's shape is.

/** The highest rank that tf.layers normalizes. */
export const MAX_RANK_OF_THEIRS = 4;

/**
 * Has a layer become one of another class when it is built, if its input asks for that.
 *
 * @param prototype of a class that extends the layer's, and needs no constructor
 * @param isNeeded told the input's shape
 */
export function becomeWhenBuilt<L extends tfl.layers.Layer>(layer: L, prototype: object, isNeeded: (shape: Shape) => boolean): L {
  layer.build = (inputShape) => {
    Reflect.deleteProperty(layer, "build");
    if (isNeeded(singleShape(inputShape))) Object.setPrototypeOf(layer, prototype);
    layer.build(inputShape);
  };
  return layer;
}
