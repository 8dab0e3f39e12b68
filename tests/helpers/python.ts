import type * as tf from "@tensorflow/tfjs-core";

/** A layer as Python's get_config describes it, and its weights by name, in the order of their creation. */
export interface PythonLayer {
  className: string;
  config: { name: string } & Record<string, unknown>;
  weights: Record<string, { shape: number[]; values: ArrayLike<number> }>;
}

/** The entry of a layer in a file's topology, and the names of its weights. */
interface Dialect {
  version: string;
  entry(layer: Pick<PythonLayer, "className" | "config">, shape: (number | null)[]): object;
  input(shape: (number | null)[]): object;
  /** @param folder the class's name in snake case, as Keras 3 has it */
  weightName(layer: PythonLayer, name: string, index: number, folder: string): string;
}

const DIALECTS: Record<"h5" | "keras", Dialect> = {
  // model.save("….h5") of Keras 2.
  h5: {
    version: "2.15.0",
    entry: ({ className, config }) => ({ class_name: className, config: { trainable: true, dtype: "float32", ...config } }),
    input: (batch_input_shape) => ({
      class_name: "InputLayer",
      config: { batch_input_shape, dtype: "float32", sparse: false, ragged: false, name: "input_1" },
    }),
    weightName: ({ config }, name) => `${config.name}/${name}`,
  },
  // model.save("….keras") of Keras 3. The converter leaves modules and registered names out.
  keras: {
    version: "3.15.1",
    entry: ({ className, config }, input_shape) => ({
      class_name: className.replace(/^.*>/, ""),
      config: { trainable: true, dtype: { class_name: "DTypePolicy", config: { name: "float32" } }, ...config },
      build_config: { input_shape },
    }),
    input: (batch_shape) => ({
      class_name: "InputLayer",
      config: { batch_shape, dtype: "float32", sparse: false, ragged: false, name: "input_layer", optional: false },
    }),
    weightName: (_layer, _name, index, folder) => `layers/${folder}/vars/${index}`,
  },
};

export const DIALECT_NAMES = ["h5", "keras"] as const;

const snakeCase = (className: string) =>
  className
    .replace(/^.*>/, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();

/**
 * A Keras Sequential model, as tensorflowjs_converter converts it.
 *
 * @param shape of the input, without the batch
 * @param layers no two of one class
 */
export function convertedModel(dialect: keyof typeof DIALECTS, shape: number[], layers: PythonLayer[]): tf.io.ModelArtifacts {
  const { version, entry, input, weightName } = DIALECTS[dialect];
  const batched = [null, ...shape];
  const weights = layers.flatMap((layer) =>
    Object.entries(layer.weights).map(([name, weight], i) => ({
      name: weightName(layer, name, i, snakeCase(layer.className)),
      ...weight,
    })),
  );
  const config = { name: "sequential", layers: [input(batched), ...layers.map((layer) => entry(layer, batched))] };
  const topology = { keras_version: version, backend: "tensorflow", model_config: { class_name: "Sequential", config } };
  return {
    modelTopology: JSON.parse(JSON.stringify(topology)) as object,
    weightSpecs: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
    weightData: Float32Array.from(weights.flatMap(({ values }) => Array.from(values))).buffer,
  };
}
