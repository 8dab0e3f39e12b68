import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { fromKeras } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { data, predict, reloaded } from "../helpers/models.js";

type Json = Record<string, unknown>;

const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };

/** A layer as Keras 3 writes it into .h5 files. */
const layer = (class_name: string, config: Json = {}) => ({
  module: "keras.layers",
  class_name,
  config: { name: class_name.toLowerCase(), trainable: true, dtype: policy, ...config },
  registered_name: null as string | null,
});

const input = (shape: (number | null)[], name = "input_layer") => ({
  module: "keras.layers",
  class_name: "InputLayer",
  config: { batch_shape: shape, dtype: "float32", sparse: false, name, optional: false },
});

const dense = (units: number, config: Json = {}) =>
  layer("Dense", { units, activation: "linear", use_bias: true, kernel_initializer: null, bias_initializer: null, ...config });

const sequential = (...layers: object[]) => ({ class_name: "Sequential", config: { name: "sequential", layers } });

const tensor = (name: string, node = 0, index = 0) => ({
  class_name: "__keras_tensor__",
  config: { shape: [null, 3], dtype: "float32", keras_history: [name, node, index] },
});

type Weights = [name: string, shape: number[], dtype?: string][];

/** A file of a version of Keras, whose weights count from 1. */
function file(config: object, weights: Weights = [], version = "3.15.1"): tf.io.ModelArtifacts {
  let last = 0;
  const sizes = weights.map(([, shape]) => tf.util.sizeFromShape(shape));
  const count = sizes.reduce((sum, size) => sum + size, 0);
  return {
    modelTopology: JSON.parse(JSON.stringify({ keras_version: version, backend: "tensorflow", model_config: config })) as object,
    weightSpecs: weights.map(([name, shape, dtype = "float32"]) => ({ name, shape, dtype: dtype as "float32" })),
    weightData: Float32Array.from({ length: count }, () => ++last).buffer,
  };
}

const load = (artifacts: tf.io.ModelArtifacts) => tfl.loadLayersModel(fromKeras({ load: async () => artifacts }));
const weightsOf = (model: tfl.LayersModel) =>
  model.weights.map((weight) => [weight.originalName, Array.from(weight.read().dataSync())]);

beforeAll(() => useBackend("wasm"));

describe("fromKeras refuses, by layer, key and version,", () => {
  const config = { units: 2, activation: "tanh", recurrent_activation: "sigmoid" };
  it.each<[string, object[], string]>([
    [
      "GRU's reset_after",
      [input([null, 3, 4]), layer("GRU", { ...config, reset_after: true })],
      "layer 'gru' (GRU, Keras 3.15.1): 'reset_after' must be false, as it always is in TensorFlow.js, got true",
    ],
    [
      "groups",
      [input([null, 6, 6, 4]), layer("Conv2D", { filters: 4, kernel_size: [3, 3], groups: 2 })],
      "layer 'conv2d' (Conv2D, Keras 3.15.1): 'groups' must be 1",
    ],
    [
      "an activation",
      [input([null, 3]), dense(2, { activation: "celu" })],
      "layer 'dense' (Dense, Keras 3.15.1): 'activation' must be an activation that TensorFlow.js has, got 'celu'",
    ],
    [
      "a layer",
      [input([null, 3]), layer("Mystery")],
      "layer 'mystery' (Mystery, Keras 3.15.1): 'class_name' must be a layer that TensorFlow.js has, or that tf.serialization.registerClass got, got 'Mystery'",
    ],
    [
      "a regularizer",
      [input([null, 3]), dense(2, { kernel_regularizer: { class_name: "OrthogonalRegularizer", config: {} } })],
      "layer 'dense' (Dense, Keras 3.15.1): 'kernel_regularizer' must be of a class that TensorFlow.js has",
    ],
    [
      "an initializer",
      [input([null, 3]), dense(2, { kernel_initializer: { class_name: "STFT", config: {} } })],
      "'kernel_initializer' must be of a class that TensorFlow.js has, or that is registered, got 'STFT'",
    ],
    [
      "three numbers of ReLU",
      [input([null, 3]), layer("ReLU", { max_value: 1, negative_slope: 0.1, threshold: 0 })],
      "layer 'relu' (ReLU, Keras 3.15.1): 'negative_slope' must be 0 where ReLU has another key, too, got 0.1",
    ],
    [
      "bilinear interpolation",
      [input([null, 3, 3, 1]), layer("UpSampling2D", { size: [2, 2], interpolation: "bilinear" })],
      "'interpolation' must be nearest, as it always is in TensorFlow.js, got 'bilinear'",
    ],
    [
      "zeros at masked places",
      [
        input([null, 3, 2]),
        layer("Masking", { mask_value: 0 }),
        layer("Bidirectional", { layer: layer("LSTM", { ...config, return_sequences: true }) }),
      ],
      "layer 'bidirectional' (Bidirectional, Keras 3.15.1): 'return_sequences' must be false where places are masked",
    ],
    [
      "no shape",
      [dense(2)],
      "layer 'sequential' (Sequential, Keras 3.15.1): 'build_input_shape' must be a shape where no Input is first, got null",
    ],
    [
      "a different layer backward",
      [
        input([null, 3, 2]),
        layer("Bidirectional", {
          layer: layer("LSTM", config),
          backward_layer: layer("LSTM", { ...config, units: 3, go_backwards: true }),
        }),
      ],
      "layer 'bidirectional' (Bidirectional, Keras 3.15.1): 'backward_layer' must be as 'layer', but backwards",
    ],
  ])("%s", async (_, layers, message) => {
    await expect(load(file(sequential(...layers)))).rejects.toThrow(
      `fromKeras: ${message.startsWith("'") ? "layer " : ""}`.trim(),
    );
    await expect(load(file(sequential(...layers)))).rejects.toThrow(message);
  });

  const functional = (class_name: string, node: object) => ({
    class_name: "Functional",
    config: {
      name: "functional",
      layers: [
        { ...input([null, 3]), name: "input_layer", inbound_nodes: [] },
        { ...layer(class_name, { name: "last" }), name: "last", inbound_nodes: [node] },
      ],
      input_layers: [["input_layer", 0, 0]],
      output_layers: [["last", 0, 0]],
    },
  });

  it.each<[string, object, string]>([
    [
      "a mask that no layer makes",
      functional("Activation", { args: [tensor("input_layer")], kwargs: { mask: tensor("input_layer") } }),
      "layer 'last' (Activation, Keras 3.15.1): 'mask' must be one that an Embedding or a Masking layer makes",
    ],
    [
      "a tensor as another argument",
      functional("Activation", { args: [tensor("input_layer")], kwargs: { gate: tensor("input_layer") } }),
      "layer 'last' (Activation, Keras 3.15.1): 'gate' must be no tensor",
    ],
    [
      "a number as an argument of a layer",
      functional("Activation", { args: [tensor("input_layer"), 3], kwargs: {} }),
      "layer 'last' (Activation, Keras 3.15.1): 'inbound_nodes' must have calls with tensors alone, got 3",
    ],
  ])("%s", async (_, config, message) => {
    await expect(load(file(config))).rejects.toThrow(message);
  });

  it("an operation", async () => {
    const config = functional("Matmul", { args: [tensor("input_layer"), tensor("input_layer")], kwargs: {} });
    const [, operation] = config.config.layers as Json[];
    Object.assign(operation as Json, { module: "keras.src.ops.numpy" });
    await expect(load(file(config))).rejects.toThrow(
      `layer 'last' (Matmul, Keras 3.15.1): 'class_name' must be a layer, or an operation that is one in TensorFlow.js, got {"operation":"Matmul","constants":[]}`,
    );
  });
});

describe("weights", () => {
  const model = sequential(input([null, 3]), dense(2, { name: "first" }), dense(1, { name: "second" }));
  const byName: Weights = [
    ["sequential/first/kernel", [3, 2]],
    ["sequential/first/bias", [2]],
    ["sequential/second/kernel", [2, 1]],
    ["sequential/second/bias", [1]],
  ];
  const byPath: Weights = byName.map(([, shape], i) => [`layers/${i < 2 ? "dense" : "dense_1"}/vars/${i % 2}`, shape]);
  const right = [
    ["first/kernel", [1, 2, 3, 4, 5, 6]],
    ["first/bias", [7, 8]],
    ["second/kernel", [9, 10]],
    ["second/bias", [11]],
  ];

  it.each([
    ["h5", byName],
    ["keras", byPath],
  ])("of .%s files are found", async (_, weights) => {
    expect(weightsOf(await load(file(model, weights)))).toEqual(right);
  });

  it.each<[string, Weights, string]>([
    ["missing", byName.toSpliced(1, 1), "the weights of Keras 3.15.1 do not fit the layers: the file lacks first/bias [2]"],
    ["missing", byPath.toSpliced(3, 1), "the file lacks second/bias [1]"],
    ["missing, of a whole layer,", byPath.slice(0, 2), "the file lacks second/kernel [2, 1], second/bias [1]"],
    ["superfluous", [...byName, ["sequential/third/kernel", [4]]], "no layer has sequential/third/kernel [4]"],
    ["superfluous", [...byPath, ["layers/dense/vars/2", [4]]], "no layer has layers/dense/vars/2 [4]"],
    [
      "of another shape",
      byName.with(0, ["sequential/first/kernel", [2, 2]]),
      "first/kernel [3, 2] is sequential/first/kernel [2, 2] in the file",
    ],
  ])("that are %s are named", async (_, weights, message) => {
    await expect(load(file(model, weights))).rejects.toThrow(message);
  });

  it("of optimizers, metrics and random numbers are left out, whatever their type", async () => {
    const weights: Weights = [
      ["optimizer/vars/0", [], "int32"],
      ...byPath.slice(0, 2),
      ["layers/dropout/seed_generator/vars/0", [2], "int32"],
      ...byPath.slice(2),
      ["optimizer/vars/1", [3, 2]],
      ["metrics/mean/vars/0", []],
    ];
    const artifacts = file(model, weights);
    const found = weightsOf(await load(artifacts)).map(([, values]) => values);
    expect(found).toEqual([[2, 3, 4, 5, 6, 7], [8, 9], [12, 13], [14]]);
    const cut = await fromKeras({ load: async () => artifacts }).load?.();
    expect(cut?.weightSpecs?.map(({ name }) => name)).toEqual(right.map(([name]) => name));
    expect((cut?.weightData as ArrayBuffer).byteLength).toBe(11 * 4);
    // In parts, as a handler may give them.
    const data = artifacts.weightData as ArrayBuffer;
    const parts = { ...artifacts, weightData: [data.slice(0, 6), data.slice(6)] };
    expect(weightsOf(await load(parts)).map(([, values]) => values)).toEqual(found);
  });

  it("may be missing or superfluous where strict is false", async () => {
    const weights: Weights = [...byName.slice(0, 2), ["sequential/third/kernel", [4]]];
    const handler = fromKeras({ load: async () => file(model, weights) }, { strict: false });
    const found = await tfl.loadLayersModel(handler, { strict: false });
    expect(weightsOf(found).slice(0, 2)).toEqual(right.slice(0, 2));
  });

  it("leaves no tensors but those of the model", async () => {
    (await load(file(model, byName))).dispose();
    const { numTensors } = tf.memory();
    (await load(file(model, byName))).dispose();
    await expect(load(file(model, byName.slice(1)))).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe("fromKeras", () => {
  it("changes nothing of what TensorFlow.js saved, and of what it rewrote before", async () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
      }),
    );
    const artifacts = saved as tf.io.ModelArtifacts;
    expect(await fromKeras({ load: async () => artifacts }).load?.()).toBe(artifacts);
    const read = fromKeras({
      load: async () =>
        file(sequential(input([null, 3]), dense(2)), [
          ["layers/dense/vars/0", [3, 2]],
          ["layers/dense/vars/1", [2]],
        ]),
    });
    const once = await read.load?.();
    expect(await fromKeras(read).load?.()).toEqual(once);
  });

  it("changes nothing of a file of Keras 2 that TensorFlow.js reads", async () => {
    const old = {
      class_name: "Dense",
      config: { name: "dense", trainable: true, dtype: "float32", units: 2, activation: "relu", use_bias: true },
    };
    const first = {
      class_name: "InputLayer",
      config: { batch_input_shape: [null, 3], dtype: "float32", sparse: false, ragged: false, name: "input_1" },
    };
    const artifacts = file(
      sequential(first, old),
      [
        ["dense/kernel", [3, 2]],
        ["dense/bias", [2]],
      ],
      "2.15.0",
    );
    expect(await fromKeras({ load: async () => artifacts }).load?.()).toBe(artifacts);
  });

  it("gives a URL's handler the options, and the model what the handler read beside topology and weights", async () => {
    const asked: [string, RequestInit | undefined][] = [];
    const { weightData, weightSpecs, modelTopology } = file(sequential(input([null, 3]), dense(1)), [
      ["sequential/dense/kernel", [3, 1]],
      ["sequential/dense/bias", [1]],
    ]);
    const json = {
      modelTopology,
      weightsManifest: [{ paths: ["shard.bin"], weights: weightSpecs }],
      userDefinedMetadata: { of: "us" },
    };
    const fetchFunc = async (url: string, init?: RequestInit) => {
      asked.push([url, init]);
      return url.endsWith(".json")
        ? new Response(JSON.stringify(json))
        : new Response(weightData as ArrayBuffer, { headers: { "content-type": "application/octet-stream" } });
    };
    const onProgress = vi.fn();
    const requestInit = { headers: { token: "secret" } };
    const options = { fetchFunc: fetchFunc as typeof fetch, onProgress, requestInit, weightPathPrefix: "http://elsewhere/" };
    const model = await tfl.loadLayersModel(fromKeras("http://host/model.json", options));
    expect(asked.map(([url]) => url)).toEqual(["http://host/model.json", "http://elsewhere/shard.bin"]);
    expect(asked.every(([, init]) => (init?.headers as Json).token === "secret")).toBe(true);
    expect(onProgress.mock.lastCall).toEqual([1]);
    expect(model.getUserDefinedMetadata()).toEqual({ of: "us" });
  });

  it("refuses what is no URL and no handler", () => {
    expect(() => fromKeras(3 as never)).toThrow(
      "fromKeras: argument 'urlOrHandler' must be a URL or a handler with a load method, got number",
    );
  });

  it("reads a topology without weights", async () => {
    const { modelTopology } = file(sequential(input([7, 3]), dense(2)));
    const model = await tfl.loadLayersModel(fromKeras({ load: async () => ({ modelTopology }) }));
    expect(model.inputs[0]?.shape).toEqual([null, 3]);
    expect(model.weights).toHaveLength(2);
  });

  it.each([
    ["2.15.0", true],
    ["3.15.1", undefined],
  ])("has batch normalization of Keras %s normalize as a call with training=true says: %s", async (version, training) => {
    const tensors = (name: string) => [tensor(name)];
    const node = (name: string, kwargs: Json) =>
      version.startsWith("3") ? { args: tensors(name), kwargs } : [[name, 0, 0, kwargs]];
    const config = {
      class_name: "Functional",
      config: {
        name: "model",
        layers: [
          { ...input([null, 3]), name: "input_layer", inbound_nodes: [] },
          {
            ...layer("BatchNormalization", { name: "one" }),
            name: "one",
            inbound_nodes: [node("input_layer", { training: true })],
          },
          { ...layer("BatchNormalization", { name: "two" }), name: "two", inbound_nodes: [node("one", {})] },
        ],
        input_layers: ["input_layer", 0, 0],
        output_layers: ["two", 0, 0],
      },
    };
    const { modelTopology } = file(config, [], version);
    const read = await fromKeras({ load: async () => ({ modelTopology }) }).load?.();
    const { layers } = (read?.modelTopology as { model_config: { config: { layers: { config: Json }[] } } }).model_config.config;
    expect(layers.map(({ config: { training } }) => training)).toEqual([undefined, training, undefined]);
  });

  it("adds what tf.layers lacks of activations and pools, which are saved and loaded", async () => {
    const config = sequential(
      input([null, 4, 5, 2]),
      layer("GlobalAveragePooling2D", { keepdims: true, data_format: "channels_last" }),
      layer("Activation", { activation: "hard_sigmoid", name: "a" }),
      layer("Activation", { activation: "hard_silu", name: "b" }),
      layer("Activation", { activation: "exponential", name: "c" }),
      layer("Activation", { activation: "silu", name: "d" }),
      layer("GlobalMaxPooling2D", { keepdims: true, data_format: "channels_first" }),
    );
    const model = await load(file(config));
    const x = data([3, 4, 5, 2], 4);
    const hard = (y: number) => Math.min(1, Math.max(0, y / 6 + 0.5));
    const silu = (y: number) => y / (1 + Math.exp(-y));
    const means = Array.from(tf.mean(x, [1, 2]).dataSync());
    const wanted = means.map((mean) => silu(Math.exp(hard(mean) * hard(hard(mean)))));
    expect(model.outputs[0]?.shape).toEqual([null, 1, 1, 1]);
    expectClose(
      predict(model, x),
      [0, 1, 2].map((i) => Math.max(...wanted.slice(2 * i, 2 * i + 2))),
      1e-6,
    );
    expectClose(predict(await reloaded(model), x), predict(model, x), 0);
  });

  it("warns of random layers that Python has work in inference, and of regularizers of activity", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const node = [["input_1", 0, 0, { training: true }]];
    const config = {
      class_name: "Functional",
      config: {
        name: "model",
        layers: [
          {
            class_name: "InputLayer",
            config: { batch_input_shape: [null, 3], name: "input_1" },
            name: "input_1",
            inbound_nodes: [],
          },
          { class_name: "Dropout", config: { name: "dropout", rate: 0.5 }, name: "dropout", inbound_nodes: [node] },
        ],
        input_layers: [["input_1", 0, 0]],
        output_layers: [["dropout", 0, 0]],
      },
    };
    await load(file(config, [], "2.15.0"));
    expect(warn.mock.lastCall?.[0]).toContain("layer 'dropout' (Dropout, Keras 2.15.0) is called with training=true");
    const activity_regularizer = { class_name: "L2", config: { l2: 0.1 } };
    const regularized = sequential(input([null, 3]), dense(1, { activity_regularizer }));
    const model = await load(
      file(regularized, [
        ["sequential/dense/kernel", [3, 1]],
        ["sequential/dense/bias", [1]],
      ]),
    );
    expect(warn.mock.lastCall?.[0]).toContain("layer 'dense' (Dense, Keras 3.15.1) has an 'activity_regularizer'");
    expect(Array.from(predict(model, tf.ones([1, 3])))).toEqual([1 + 2 + 3 + 4]);
    warn.mockRestore();
  });
});
