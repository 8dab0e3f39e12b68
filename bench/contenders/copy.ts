import * as tf from "@tensorflow/tfjs-core";
import { LANES, type Program, runProgram, type WebGPUBackend } from "../../src/tensorflow/webgpu.js";
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

/** A copy of x by the device, on 'webgpu'. */
export const copy: Contender = {
  name: "copy",
  traffic: { forward: 2, training: 2 },
  calls({ x, shape, size }) {
    const backend = tf.backend() as WebGPUBackend;
    const groups = Math.ceil(size / (NUMBERS * LANES));
    const call = () => {
      const { y } = runProgram(backend, program, groups, { x }, { size, groups }, { y: shape });
      backend.disposeData(y.dataId);
    };
    return { forward: call, training: call };
  },
};
