import { engine, type Tensor, type TensorInfo } from "@tensorflow/tfjs-core";

// TensorFlow.js's engine records kernel calls on a tape while it computes gradients. `state` is not documented.

/** Whether TensorFlow.js records calls, so that a gradient computed now may itself be differentiated. */
export function isRecording(): boolean {
  return engine().state.gradientDepth > 0;
}

/** Whether what is computed now is recorded: not within kernels, nor while nothing is differentiated. */
export function isTaped(): boolean {
  const { gradientDepth, kernelDepth } = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
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

/** What the engine records of a call. */
interface TapeNode {
  outputs: Tensor[];
  saved: Tensor[];
  gradient: (dys: Tensor[]) => { [input: string]: () => Tensor };
}

/**
 * Gives a custom gradient another gradient function, while a kernel that it calls runs. If the kernel runs otherwise, nothing
 * happens.
 *
 * @param output of the kernel, and of what the custom gradient computes
 * @param gradient takes the gradient of the output, and the tensors that were saved. It returns a function for each input
 */
export function replaceGradient(output: TensorInfo, gradient: (dy: Tensor, saved: Tensor[]) => (() => Tensor)[]): void {
  const { kernelDepth, activeTape } = engine().state as unknown as { kernelDepth: number; activeTape: TapeNode[] };
  // The engine counts the custom gradient and the kernel. A custom gradient within another one is not recorded.
  if (kernelDepth !== 2) return;
  activeTape.push = (node) => {
    // Before the custom gradient's node, the engine records the copies that it saves. These nodes save nothing.
    if (node.outputs[0]?.dataId === output.dataId && node.saved.length > 0) {
      Reflect.deleteProperty(activeTape, "push");
      node.gradient = ([dy]) => Object.fromEntries(gradient(dy as Tensor, node.saved).entries());
    }
    return Array.prototype.push.call(activeTape, node);
  };
}
