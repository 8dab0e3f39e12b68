import {
  engine,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from "@tensorflow/tfjs-core";
import { shared } from "../shared.js";

// 'wasm' over a backend that is made here, in the place of the one that TensorFlow.js would make of a URL.

/** As TensorFlow.js registers its own. */
const PRIORITY = 2;

type Factory = () => KernelBackend | Promise<KernelBackend>;

const state = shared("made backend", () => ({
  /** The backend that was last made here. */
  backend: undefined as KernelBackend | undefined,
  /** The registration of TensorFlow.js's own. */
  theirs: undefined as Factory | undefined,
  /** The first call, while it is under way. */
  pending: undefined as Promise<void> | undefined,
}));

/** Whether 'wasm' is initialized, with a backend that was not made here, and may hold tensors. */
export const isWasmTaken = () => engine().registry.wasm !== undefined && engine().registry.wasm !== state.backend;

/**
 * Makes 'wasm' the current backend: the one that was made here before, or else one that is made now.
 *
 * @param op names the caller in messages
 * @throws Error where 'wasm' is initialized already by someone else, and what `make` throws
 */
export async function useMadeBackend(op: string, make: () => Promise<KernelBackend>): Promise<void> {
  if (isWasmTaken()) {
    throw new Error(`${op}: backend 'wasm' is there already, and may hold tensors; call ${op} before it is first used`);
  }
  if (engine().registry.wasm) {
    await setBackend("wasm");
    return;
  }
  state.pending ??= register(make).finally(() => {
    state.pending = undefined;
  });
  await state.pending;
}

async function register(make: () => Promise<KernelBackend>): Promise<void> {
  const made = await make();
  // The import of TensorFlow.js's backend has registered one that would fetch its binary.
  state.theirs = (findBackendFactory("wasm") as Factory | null) ?? state.theirs;
  if (findBackendFactory("wasm")) removeBackend("wasm");
  registerBackend("wasm", () => made, PRIORITY);
  state.backend = made;
  await setBackend("wasm");
}

/** Registers TensorFlow.js's own backend again, where one that was made here has taken its place. */
export function registerTheirs(): void {
  if (!state.theirs || (findBackendFactory("wasm") && engine().registry.wasm !== state.backend)) return;
  if (findBackendFactory("wasm")) removeBackend("wasm");
  registerBackend("wasm", state.theirs, PRIORITY);
}
