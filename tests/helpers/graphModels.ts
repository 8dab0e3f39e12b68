import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import type * as tf from "@tensorflow/tfjs-core";
import { io } from "@tensorflow/tfjs-core";

type Attr = Record<string, unknown>;

const attrs = (values: Record<string, Attr>) => ({ T: { type: "DT_FLOAT" }, ...values });
const shapeOf = (shape: number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });

/** A node of a graph. */
export interface Node {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, Attr>;
}

/** A graph model, as @tensorflow/tfjs-converter loads it: an input `x`, constants, and nodes, the last of which is the output. */
export async function graphModel(
  x: number[],
  constants: Record<string, { values: Float32Array | Int32Array; shape: number[] }>,
  nodes: Node[],
): Promise<GraphModel> {
  const entries = Object.entries(constants);
  const dtype = (values: ArrayBufferView) => (values instanceof Int32Array ? "int32" : "float32");
  const type = (values: ArrayBufferView) => ({ type: values instanceof Int32Array ? "DT_INT32" : "DT_FLOAT" });
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: { type: "DT_FLOAT" }, shape: { shape: shapeOf(x) } } },
    ...entries.map(([name, { values, shape }]) => ({
      name,
      op: "Const",
      attr: { dtype: type(values), value: { tensor: { dtype: type(values).type, tensorShape: shapeOf(shape) } } },
    })),
    ...nodes.map(({ attr = {}, ...rest }) => ({ ...rest, attr: attrs(attr) })),
  ];
  const bytes = new Uint8Array(entries.reduce((sum, [, { values }]) => sum + values.byteLength, 0));
  let at = 0;
  for (const [, { values }] of entries) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology: { node, versions: { producer: 1087 } },
    weightSpecs: entries.map(([name, { values, shape }]) => ({ name, shape, dtype: dtype(values) })),
    weightData: bytes.buffer,
    format: "graph-model",
  };
  return loadGraphModel(io.fromMemory(artifacts));
}
