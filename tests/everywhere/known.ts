/** Faults of TensorFlow.js 4.22 that make cases fail on some backends. */
export const KNOWN_FAULTS: { reason: string; backends: string[]; cases: RegExp }[] = [
  {
    reason: "the gradient of average pools counts in the padding, which the pool itself leaves out",
    backends: ["cpu", "webgl", "webgpu", "tensorflow"],
    cases: /avgPool.* same$/,
  },
];
