import { engine } from "@tensorflow/tfjs-core";

// TensorFlow.js's engine records kernel calls on a tape while it computes gradients. `state` is not documented.

/** Whether TensorFlow.js records calls, so that a gradient computed now may itself be differentiated. */
export function isRecording(): boolean {
  return engine().state.gradientDepth > 0;
}

/** Runs f unrecorded: gradients take its results for constants. */
export function unrecorded<T>(f: () => T): T {
  const { state } = engine();
  // The engine records nothing that happens inside a kernel.
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}
