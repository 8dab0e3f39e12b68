import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";

type Call = Parameters<tf.KernelFunc>[0];

const valuesOf = ({ backend }: Call, { dataId }: tf.TensorInfo) =>
  (backend as MathBackendCPU).data.get(dataId).values as Float32Array;
const made = ({ backend }: Call, shape: number[], values: Float32Array) =>
  (backend as MathBackendCPU).makeTensorInfo(shape, "float32", values);
const callOf = (kernelName: string, call: Call, inputs: tf.NamedTensorInfoMap, attrs: object) =>
  tf.getKernel(kernelName, "cpu").kernelFunc({ ...call, inputs, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo;

/** Sums of a tensor's last axes, each of `count` numbers. */
function sumsOf(values: Float32Array, count: number): Float32Array {
  // Every step is rounded to float32 when it is stored.
  const sums = new Float32Array(values.length / count);
  values.forEach((value, i) => {
    const to = Math.floor(i / count);
    sums[to] = (sums[to] as number) + value;
  });
  return sums;
}

/** tf.sum or tf.mean. */
function reduction(kernelName: "Sum" | "Mean"): tf.KernelFunc {
  return (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims: boolean };
    if (x.dtype !== "float32" || x.shape.includes(0)) return callOf(kernelName, call, call.inputs, call.attrs as object);
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const perm = tf.backend_util.getAxesPermutation(axes, x.shape.length);
    const last = perm ? callOf("Transpose", call, { x }, { perm }) : x;
    const [shape, reduced] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    const count = tf.util.sizeFromShape(reduced);
    const sums = sumsOf(valuesOf(call, last), count);
    const results = kernelName === "Mean" ? sums.map((sum) => sum / count) : sums;
    if (perm) (call.backend as MathBackendCPU).disposeIntermediateTensorInfo(last);
    return made(call, keepDims ? tf.backend_util.expandShapeToKeepDim(shape, axes) : shape, results);
  };
}

/** tf.matMul of matrices, or of equally many of them. */
const products: tf.KernelFunc = (call) => {
  const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
  const batch = a.shape.slice(0, -2);
  if (batch.join() !== b.shape.slice(0, -2).join()) return callOf("BatchMatMul", call, call.inputs, call.attrs as object);
  const steps = ({ shape }: tf.TensorInfo, transposed: boolean) => {
    const [height, width] = shape.slice(-2) as [number, number];
    return transposed
      ? { rows: width, row: 1, column: width, columns: height }
      : { rows: height, row: width, column: 1, columns: width };
  };
  const [left, right] = [steps(a, transposeA), steps(b, transposeB)];
  const [ofA, ofB] = [valuesOf(call, a), valuesOf(call, b)];
  const results = new Float32Array(tf.util.sizeFromShape(batch) * left.rows * right.columns);
  results.forEach((_, to) => {
    const column = to % right.columns;
    const row = Math.floor(to / right.columns) % left.rows;
    const i = Math.floor(to / (right.columns * left.rows));
    const fromA = i * left.rows * left.columns + row * left.row;
    const fromB = i * right.rows * right.columns + column * right.column;
    for (let k = 0; k < left.columns; k++) {
      const term = (ofA[fromA + k * left.column] as number) * (ofB[fromB + k * right.row] as number);
      results[to] = (results[to] as number) + term;
    }
  });
  return made(call, [...batch, left.rows, right.columns], results);
};

/**
 * Has a backend, one of TensorFlow.js's CPU code, add up as devices do: in float32, here one number after the other, which loses the
 * most. The CPU code adds up in float64.
 */
export function addUpInFloat32(backendName: string): void {
  const kernels = { Sum: reduction("Sum"), Mean: reduction("Mean"), BatchMatMul: products };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
