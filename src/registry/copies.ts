import {
  type GradConfig,
  getGradient,
  getKernel,
  type KernelConfig,
  registerGradient,
  registerKernel,
  unregisterGradient,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { shared } from "../shared.js";

// What the library has in TensorFlow.js's registry. Where a process has several copies of the library, that is the kernels and
// gradients of the copy that was loaded last; each knows what was there before any of them.

/** A kernel under a name that TensorFlow.js has or may have a kernel for. */
export interface Replacement {
  kernel: KernelConfig;
  /** When it is registered where there is none to replace: at once, once the backend has registered all it has, or never. */
  added: "at once" | "at last" | "never";
}

interface Registry {
  /** What any copy has made. */
  ours: WeakSet<KernelConfig | GradConfig>;
  /** The newest copy's kernels, as they were registered. */
  kernels: Set<KernelConfig>;
  /** The newest copy's. */
  replacements: Replacement[];
  /** The kernels that they take the place of, by backend and name: none of ours. */
  replaced: Map<string, KernelConfig>;
  /** Whether they are to: see setKernelReplacement. */
  wanted: boolean;
}

export const registry = shared<Registry>("registry", () => ({
  ours: new WeakSet(),
  kernels: new Set(),
  replacements: [],
  replaced: new Map(),
  wanted: true,
}));

const keyOf = ({ backendName, kernelName }: Pick<KernelConfig, "kernelName" | "backendName">) => `${backendName}/${kernelName}`;

/** What tells the kernel of TensorFlow.js that one of ours has replaced. */
export function replacedBy(kernel: Pick<KernelConfig, "kernelName" | "backendName">): () => KernelConfig | undefined {
  const key = keyOf(kernel);
  return () => registry.replaced.get(key);
}

export function setReplaced(theirs: KernelConfig): void {
  registry.replaced.set(keyOf(theirs), theirs);
}

export const isOurs = (config: KernelConfig | GradConfig) => registry.ours.has(config);

function exchange(kernel: KernelConfig): void {
  if (getKernel(kernel.kernelName, kernel.backendName)) unregisterKernel(kernel.kernelName, kernel.backendName);
  registerKernel(kernel);
}

/** Registers a kernel of ours, in the place of whichever is registered. */
export function putKernel(kernel: KernelConfig): void {
  registry.ours.add(kernel);
  registry.kernels.add(kernel);
  exchange(kernel);
}

/** Registers a gradient of ours, in the place of whichever is registered. */
export function putGradient(gradient: GradConfig): void {
  registry.ours.add(gradient);
  if (getGradient(gradient.kernelName)) unregisterGradient(gradient.kernelName);
  registerGradient(gradient);
}

/** Takes a kernel of ours out of the registry, if it is there; what it replaced comes back. */
function takeBack(kernel: KernelConfig): void {
  const { kernelName, backendName } = kernel;
  registry.kernels.delete(kernel);
  if (getKernel(kernelName, backendName) !== kernel) return;
  const theirs = registry.replaced.get(keyOf(kernel));
  if (theirs) exchange(theirs);
  else unregisterKernel(kernelName, backendName);
}

/** Takes out the kernels of the copy before this one. @returns the backends that it had kernels for */
export function takeBackAll(): string[] {
  const kernels = [...registry.kernels];
  kernels.forEach(takeBack);
  return kernels.map(({ backendName }) => backendName);
}

/** Puts back what the newest copy's kernels have replaced. */
export function takeBackReplacements(): void {
  for (const { kernel } of registry.replacements) if (registry.replaced.has(keyOf(kernel))) takeBack(kernel);
}
