import * as tf from "@tensorflow/tfjs-core";
import type { WebGLBackend } from "../../src/tensorflow/webgl.js";
import { LANES, type Program, runProgram, type WebGPUBackend } from "../../src/tensorflow/webgpu.js";
import { drawBlocks } from "../../src/webgl/blocks.js";
import type { Problem } from "../problem.js";
import type { Contender } from "./contender.js";

// What a GPU's memory allows: a program that reads x and writes y, and nothing else.

/** Numbers that an invocation copies. */
const NUMBERS = 4;

const program: Program<"x", "y", "size" | "groups"> = {
  key: "copy",
  inputs: ["x"],
  outputs: ["y"],
  uniforms: { size: "u32", groups: "u32" },
  declarations: () => "",
  body: () => /* wgsl */ `
  let first = group * ${NUMBERS * LANES}u + localIndex;
  for (var i = 0u; i < ${NUMBERS}u; i++) {
    let at = first + i * ${LANES}u;
    if (at < uniforms.size) {
      y[at] = x[at];
    }
  }`,
};

function onWebGPU({ x, shape, size }: Problem): tf.TensorInfo {
  const groups = Math.ceil(size / (NUMBERS * LANES));
  return runProgram(tf.backend() as WebGPUBackend, program, groups, { x }, { size, groups }, { y: shape }).y;
}

const onWebGL = ({ x, shape }: Problem) => drawBlocks(tf.backend() as WebGLBackend, shape, { x }, {}, "  block = xBlock(at);");

/** A copy of x by the device, on 'webgpu' and 'webgl'. */
export const copy: Contender = {
  name: "copy",
  traffic: { forward: 2, training: 2 },
  calls(problem) {
    const run = tf.getBackend() === "webgl" ? onWebGL : onWebGPU;
    const call = () => tf.backend().disposeData(run(problem).dataId);
    return { forward: () => void call(), training: () => void call() };
  },
};
