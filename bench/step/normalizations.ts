import type * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { batchNormalization, groupNormalization, layerNormalization, unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { composedGroups, composedLayer } from "../composed.js";
import type { ContenderKey, NormalizationKey } from "./cases.js";
import type { Normalize } from "./networks.js";

type Compute = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => tf.Tensor;

/** A normalization of TensorFlow.js operations. */
class Composed extends tfl.layers.Layer {
  private parameters: tfl.LayerVariable[] = [];

  constructor(private readonly compute: Compute) {
    super({});
  }

  override build(shape: tfl.Shape): void {
    const channels = [shape.at(-1) as number];
    this.parameters = [
      this.addWeight("gamma", channels, "float32", tfl.initializers.ones()),
      this.addWeight("beta", channels, "float32", tfl.initializers.zeros()),
    ];
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
    const [gamma, beta] = this.parameters.map((parameter) => parameter.read()) as [tf.Tensor, tf.Tensor];
    return this.compute(x, gamma, beta);
  }

  static get className() {
    return "Composed";
  }
}

const GROUPS = 8;

const OURS: Record<NormalizationKey, Normalize> = {
  none: () => [],
  BN: () => [batchNormalization()],
  GN: () => [groupNormalization({ groups: GROUPS })],
  LN: () => [layerNormalization()],
  UAN: () => [unsupervisedAdaptiveNormalization()],
};

const OF_TENSORFLOW = { BN: () => [tfl.layers.batchNormalization()] };

/** What each contender normalizes by. On 'tensorflow', the library's layers are composed of operations. */
export const NORMALIZE: Record<ContenderKey, Partial<Record<NormalizationKey, Normalize>>> = {
  ours: OURS,
  theirs: {
    none: OURS.none,
    ...OF_TENSORFLOW,
    GN: () => [new Composed((...tensors) => composedGroups(GROUPS, ...tensors))],
    LN: () => [new Composed(composedLayer)],
  },
  native: { ...OURS, ...OF_TENSORFLOW },
};

export const NORMALIZATIONS_NOTE =
  "BN is tf.layers.batchNormalization except where the library computes, GN and LN on wasm without it are composed of operations, and UAN is " +
  "not measured there. On tfjs-node, GN, LN and UAN are the library's layers, which are composed of operations there.";
