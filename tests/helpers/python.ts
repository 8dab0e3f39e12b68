import type * as tf from "@tensorflow/tfjs-core";

/** A layer as Python's get_config describes it, and its weights by name, in the order of their creation. */
export interface PythonLayer {
  className: string;
  config: { name: string } & Record<string, unknown>;
  weights: Record<string, { shape: number[]; values: ArrayLike<number> }>;
}

/** The entry of a layer in a file's topology, and the names of its weights. */
interface Dialect {
  entry(layer: Pick<PythonLayer, "className" | "config">, shape: (number | null)[]): object;
  weightName(layer: PythonLayer, name: string, index: number): string;
}

const DIALECTS: Record<"h5" | "keras", Dialect> = {
  // model.save("….h5") of Keras 2.
  h5: {
    entry: ({ className, config }) => ({ class_name: className, config: { trainable: true, dtype: "float32", ...config } }),
    weightName: ({ config }, name) => `${config.name}/${name}`,
  },
  // model.save("….keras") with the dtype of Keras 3, but not with its batch_shape, which TensorFlow.js does not read.
  keras: {
    entry: ({ className, config }, shape) => {
      const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
      return {
        module: className === "InputLayer" ? "keras.layers" : null,
        class_name: className,
        config: { trainable: true, dtype: className === "InputLayer" ? "float32" : policy, ...config },
        registered_name: className === "InputLayer" ? null : `Custom>${className}`,
        build_config: { input_shape: shape },
      };
    },
    weightName: ({ config }, _, index) => `${config.name}/${index}`,
  },
};

export const DIALECT_NAMES = ["h5", "keras"] as const;

/** A Keras Sequential model, as tensorflowjs_converter converts it. @param shape of the input, without the batch */
export function convertedModel(dialect: keyof typeof DIALECTS, shape: number[], layers: PythonLayer[]): tf.io.ModelArtifacts {
  const { entry, weightName } = DIALECTS[dialect];
  const batched = [null, ...shape];
  const input = {
    className: "InputLayer",
    config: { name: "input_1", batch_input_shape: batched, sparse: false, ragged: false },
  };
  const entries = [input, ...layers].map((layer) => entry(layer, batched));
  const weights = layers.flatMap((layer) =>
    Object.entries(layer.weights).map(([name, weight], i) => ({ name: weightName(layer, name, i), ...weight })),
  );
  const config = { name: "sequential", layers: entries };
  const topology = { keras_version: "2.15.0", backend: "tensorflow", model_config: { class_name: "Sequential", config } };
  return {
    modelTopology: JSON.parse(JSON.stringify(topology)) as object,
    weightSpecs: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
    weightData: Float32Array.from(weights.flatMap(({ values }) => Array.from(values))).buffer,
  };
}
