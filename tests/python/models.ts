import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { generator, normal } from "../../learning/random.js";
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  mixtureNormalization,
  rmsNormalization,
  unsupervisedAdaptiveNormalization,
} from "../../src/layers.js";

// Models for python/tests to read: of many layer types, trained for a few steps.

/** A model, and an input for each of its inputs. */
interface Made {
  model: tfl.LayersModel;
  inputs: tf.Tensor[];
}

/** Rounded, they are short in a file. */
const random = (shape: number[], seed = 1) =>
  tf.tensor(
    normal(generator(seed), tf.util.sizeFromShape(shape)).map((value) => Number(value.toFixed(2))),
    shape,
  );
const kernel = (seed = 1) => ({ kernelInitializer: tfl.initializers.glorotUniform({ seed }) });
const l = tfl.layers;

function convolutional(): Made {
  const model = tfl.sequential({ name: "convolutional" });
  model.add(l.conv2d({ filters: 6, kernelSize: 3, inputShape: [12, 12, 2], padding: "same", ...kernel() }));
  model.add(unsupervisedAdaptiveNormalization());
  model.add(l.reLU({ maxValue: 6 }));
  model.add(l.maxPooling2d({ poolSize: 2 }));
  model.add(l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: kernel().kernelInitializer }));
  model.add(unsupervisedAdaptiveNormalization({ standardize: false, scale: true, center: true }));
  model.add(l.leakyReLU({ alpha: 0.1 }));
  model.add(
    l.separableConv2d({
      filters: 4,
      kernelSize: 2,
      depthwiseInitializer: "ones",
      pointwiseInitializer: kernel().kernelInitializer,
    }),
  );
  model.add(batchNormalization({ priorMass: 2 }));
  model.add(l.prelu({ sharedAxes: [1, 2], alphaInitializer: "ones" }));
  model.add(l.zeroPadding2d({ padding: [1, 2] }));
  model.add(l.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2, ...kernel() }));
  model.add(
    l.cropping2D({
      cropping: [
        [1, 1],
        [0, 2],
      ],
    }),
  );
  model.add(l.upSampling2d({ size: [1, 2] }));
  model.add(l.averagePooling2d({ poolSize: [2, 3], strides: 2 }));
  model.add(l.dropout({ rate: 0.3, seed: 2 }));
  model.add(l.flatten());
  model.add(l.dense({ units: 3, activation: "softmax", kernelRegularizer: tfl.regularizers.l2({ l2: 0.01 }), ...kernel() }));
  return { model, inputs: [random([8, 12, 12, 2])] };
}

/** Several inputs and outputs, a shared layer, models inside of the model, one of them frozen. */
function functional(): Made {
  const [image, vector] = [tfl.input({ shape: [6, 6, 4], name: "image" }), tfl.input({ shape: [5], name: "vector" })];
  const inner = tfl.sequential({ name: "inner" });
  inner.add(l.conv2d({ filters: 4, kernelSize: 1, inputShape: [6, 6, 4], name: "inner_conv", ...kernel() }));
  inner.add(groupNormalization({ groups: 2, name: "inner_group" }));
  const shared = l.dense({ units: 4, name: "shared", ...kernel() });
  const own = tfl.input({ shape: [6, 6, 4] });
  const nested = tfl.model({
    inputs: own,
    outputs: [instanceNormalization().apply(own), layerNormalization({ axis: -1 }).apply(own)] as tfl.SymbolicTensor[],
    name: "nested",
  });
  const symbols = (value: unknown) => value as tfl.SymbolicTensor[];
  const symbol = (value: unknown) => value as tfl.SymbolicTensor;
  const [a, b] = symbols(nested.apply(symbol(inner.apply(image))));
  const sum = l.add().apply([symbol(a), symbol(b), symbol(inner.apply(symbol(b)))]);
  const mixed = symbol(mixtureNormalization({ numComponents: 2, seed: 3 }).apply(symbol(sum)));
  const pooled = symbol(l.globalAveragePooling2d({}).apply(symbol(shared.apply(mixed))));
  const frozen = l.dense({ units: 4, trainable: false, name: "frozen", ...kernel() });
  const other = symbol(rmsNormalization().apply(symbol(frozen.apply(vector))));
  const both = symbol(l.concatenate().apply([pooled, symbol(shared.apply(other))]));
  const byBatch = unsupervisedAdaptiveNormalization({ moments: "batch", name: "uan_by_batch" });
  const first = symbol(l.dense({ units: 2, activation: "sigmoid", ...kernel() }).apply(symbol(byBatch.apply(both))));
  const product = symbol(l.multiply().apply([pooled, other]));
  const second = symbol(
    l.dense({ units: 1, ...kernel() }).apply(symbol(l.activation({ activation: "hardSigmoid" }).apply(product))),
  );
  const model = tfl.model({ inputs: [image, vector], outputs: [first, second], name: "functional" });
  return { model, inputs: [random([8, 6, 6, 4]), random([8, 5], 2)] };
}

function recurrent(): Made {
  const model = tfl.sequential({ name: "recurrent" });
  const recurrent = () => ({ recurrentInitializer: kernel().kernelInitializer, ...kernel() });
  model.add(
    l.embedding({ embeddingsInitializer: kernel().kernelInitializer, inputDim: 9, outputDim: 6, inputLength: 7, maskZero: true }),
  );
  model.add(unsupervisedAdaptiveNormalization());
  model.add(l.lstm({ units: 5, returnSequences: true, ...recurrent() }));
  model.add(
    l.bidirectional({ layer: l.gru({ units: 4, returnSequences: true, ...recurrent() }) as tfl.RNN, mergeMode: "concat" }),
  );
  model.add(l.timeDistributed({ layer: l.dense({ units: 4, ...kernel() }) }));
  model.add(l.simpleRNN({ units: 4, activation: "tanh", ...recurrent() }));
  model.add(l.dense({ units: 2, ...kernel() }));
  const ids = Int32Array.from({ length: 56 }, (_, i) => (i % 7 > 4 ? 0 : (i * 5) % 9));
  return { model, inputs: [tf.tensor(ids, [8, 7], "float32")] };
}

function sequences(): Made {
  const model = tfl.sequential({ name: "sequences" });
  model.add(l.conv1d({ filters: 6, kernelSize: 3, strides: 2, inputShape: [16, 3], ...kernel() }));
  model.add(unsupervisedAdaptiveNormalization({ axis: 1, outputScale: "components" }));
  model.add(l.elu());
  model.add(l.maxPooling1d({ poolSize: 2, strides: 1 }));
  model.add(l.batchNormalization());
  model.add(l.permute({ dims: [2, 1] }));
  model.add(l.layerNormalization());
  model.add(l.reshape({ targetShape: [3, 4, 3, 1] }));
  model.add(l.conv3d({ filters: 2, kernelSize: 2, ...kernel() }));
  model.add(l.softmax({ axis: -1 }));
  model.add(l.reshape({ targetShape: [6, 4] }));
  model.add(l.globalAveragePooling1d());
  return { model, inputs: [random([8, 16, 3])] };
}

export const MODELS: Record<string, () => Made> = { convolutional, functional, recurrent, sequences };
