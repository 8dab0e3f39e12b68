import { engine, type KernelBackend, Tensor } from "@tensorflow/tfjs-core";
import { shared } from "../shared.js";
import { isNative } from "./native.js";
import { isTaped } from "./tape.js";

// Numbers that operations take, on native TensorFlow. TensorFlow.js makes a tensor of each at every call, and a GPU gets it anew.

/** Numbers that a backend remembers, at most: those of sizes change with the batch. */
const MAX_REMEMBERED = 64;

const remembered = shared("constants", () => new WeakMap<KernelBackend, Map<number, Tensor>>());

/**
 * A number, as an operand of operations. On native TensorFlow it is a tensor that stays there for as long as the backend does. The engine
 * does not know it: it is in no scope, and `tf.memory()` does not count it.
 */
export function constant(value: number): Tensor | number {
  const { backend } = engine();
  // A tape saves operands, and would have the engine count them.
  if (!isNative(backend) || isTaped()) return value;
  let numbers = remembered.get(backend);
  if (!numbers) {
    numbers = new Map();
    remembered.set(backend, numbers);
  }
  const made = numbers.get(value) ?? new Tensor([], "float32", backend.write(Float32Array.of(value), [], "float32"), -1);
  // The one that was used last is the last.
  numbers.delete(value);
  numbers.set(value, made);
  if (numbers.size > MAX_REMEMBERED) {
    const [oldest, tensor] = numbers.entries().next().value as [number, Tensor];
    numbers.delete(oldest);
    backend.disposeData(tensor.dataId);
  }
  return made;
}
