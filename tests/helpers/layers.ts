import type * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  ContribInstanceNormalization,
  groupNormalization,
  instanceNormalization,
  KerasLayerNormalization,
  layerNormalization,
  mixtureNormalization,
  unitNormalization,
  unsupervisedAdaptiveNormalization,
  useFusedNormalization,
} from "../../src/layers.js";

type Args = Record<string, unknown>;
type Factory = (args?: Args) => tfl.layers.Layer;

/** TensorFlow.js's layer, made one of this library's. */
export const fused =
  (make: Factory, options = {}): Factory =>
  (args) => {
    const layer = make(args);
    useFusedNormalization(layer, options);
    return layer;
  };

/** Layers that learn nothing of a batch beside their gradients, in 6 channels. */
export const WITHOUT_STATE: Record<string, Factory> = {
  layerNormalization: (args) => layerNormalization(args),
  groupNormalization: (args) => groupNormalization({ groups: 2, ...args }),
  instanceNormalization: (args) => instanceNormalization(args),
  "keras_contrib's instance normalization": (args) => new ContribInstanceNormalization(args),
  "layerNormalization, rmsScaling": (args) => new KerasLayerNormalization({ rmsScaling: true, ...args }),
  unitNormalization: (args) => unitNormalization(args),
};

/** Layers that do, and as Keras does: frozen they do not, and masked places do not count. */
export const WITH_STATE: Record<string, Factory> = {
  "batchNormalization as Keras's": (args) => batchNormalization({ asKeras: true, ...args }),
  mixtureNormalization: (args) => mixtureNormalization({ numComponents: 2, seed: 1, ...args }),
  "unsupervisedAdaptiveNormalization, data": (args) => unsupervisedAdaptiveNormalization({ ...args }),
  "unsupervisedAdaptiveNormalization, momentum": (args) => unsupervisedAdaptiveNormalization({ update: "momentum", ...args }),
  "unsupervisedAdaptiveNormalization, both": (args) => unsupervisedAdaptiveNormalization({ update: "both", ...args }),
  "unsupervisedAdaptiveNormalization, standardize": (args) =>
    unsupervisedAdaptiveNormalization({ standardize: true, update: "both", ...args }),
  "unsupervisedAdaptiveNormalization, standardize, ucb": (args) =>
    unsupervisedAdaptiveNormalization({ standardize: true, formula: "ucb", ...args }),
  "unsupervisedAdaptiveNormalization, standardize, gradient": (args) =>
    unsupervisedAdaptiveNormalization({ standardize: true, outputScale: "components", ...args }),
  "unsupervisedAdaptiveNormalization, standardize, no prior mass": (args) =>
    unsupervisedAdaptiveNormalization({ standardize: true, priorMass: 0, ...args }),
  "unsupervisedAdaptiveNormalization, moments of the batch": (args) =>
    unsupervisedAdaptiveNormalization({ moments: "batch", outputScale: "components", ...args }),
  "unsupervisedAdaptiveNormalization, moments of the batch, weighted by priors": (args) =>
    unsupervisedAdaptiveNormalization({ moments: "batch", componentWeights: "prior", priorMass: 0, update: "both", ...args }),
  "batchNormalization, renorm": (args) =>
    batchNormalization({ renorm: true, renormClipping: { rmax: 1.5, rmin: 0.5, dmax: 0.5 }, ...args }),
  "batchNormalization, prior mass": (args) => batchNormalization({ priorMass: 4, ...args }),
};

export const EVERY: Record<string, Factory> = {
  batchNormalization: (args) => batchNormalization(args),
  ...WITHOUT_STATE,
  ...WITH_STATE,
};

/** The layer's values in training. */
export const training = (layer: tfl.layers.Layer, x: tf.Tensor, kwargs = {}) =>
  layer.apply(x, { training: true, ...kwargs }) as tf.Tensor;
