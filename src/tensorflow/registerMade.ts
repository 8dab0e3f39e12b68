import {
  engine,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from "@tensorflow/tfjs-core";
import { shared } from "../shared.js";
import { pendingInitialization } from "./backends.js";

// 'wasm' over a backend that is made here, in the place of the one that TensorFlow.js would make of a URL.

/** As TensorFlow.js registers its own. */
const PRIORITY = 2;

type Factory = () => KernelBackend | Promise<KernelBackend>;

/** What a backend is made for: modules that are compiled already, or threads. */
export type Purpose = "modules" | "threads";

const state = shared("made backend", () => ({
  /** The backend that was last made here. */
  backend: undefined as KernelBackend | undefined,
  purpose: undefined as Purpose | undefined,
  /** The registration of TensorFlow.js's own. */
  theirs: undefined as Factory | undefined,
  /** The last call of inTurn, until it settles. */
  last: undefined as Promise<void> | undefined,
}));

/** Calls a function when those that were given before have settled, and so has an initialization that is under way. */
export function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const before = state.last;
  const call = (async () => {
    await before;
    await pendingInitialization();
    return run();
  })();
  const settled = call.then(
    () => leave(),
    () => leave(),
  );
  const leave = () => {
    // Nothing of it is kept: a request of Cloudflare's must not wait for another's promise.
    if (state.last === settled) state.last = undefined;
  };
  state.last = settled;
  return call;
}

/** The backend 'wasm', if it is initialized. */
export const initializedBackend = (): KernelBackend | undefined => engine().registry.wasm;

/** The backend 'wasm' that was made here for a purpose, and is initialized; undefined where there is none. */
export function madeBackend(purpose: Purpose): KernelBackend | undefined {
  const wasm = initializedBackend();
  return wasm === state.backend && state.purpose === purpose ? wasm : undefined;
}

/**
 * @param op names the caller in messages
 * @throws Error where 'wasm' is initialized already, and was not made for the purpose: it may hold tensors
 */
export function checkFree(op: string, purpose: Purpose): void {
  if (initializedBackend() && !madeBackend(purpose)) {
    throw new Error(`${op}: backend 'wasm' is there already, and may hold tensors; call ${op} before it is first used`);
  }
}

/**
 * Makes 'wasm' the current backend: the one that was made for the purpose before, or else one that is made now. To be called in turn.
 *
 * @throws as checkFree does, and what `make` throws
 */
export async function useMadeBackend(op: string, purpose: Purpose, make: () => Promise<KernelBackend>): Promise<void> {
  checkFree(op, purpose);
  if (!madeBackend(purpose)) {
    const made = await make();
    checkFree(op, purpose);
    // The import of TensorFlow.js's backend has registered one that would fetch its binary.
    state.theirs = (findBackendFactory("wasm") as Factory | null) ?? state.theirs;
    if (findBackendFactory("wasm")) removeBackend("wasm");
    registerBackend("wasm", () => made, PRIORITY);
    state.backend = made;
    state.purpose = purpose;
  }
  await setBackend("wasm");
}

/** Registers TensorFlow.js's own again, where there is none: the one that was made here has been removed. */
export function registerTheirs(): void {
  if (!findBackendFactory("wasm") && state.theirs) registerBackend("wasm", state.theirs, PRIORITY);
}

/** Removes the backend that was made for a purpose, if it is there. */
export function removeMade(purpose: Purpose): void {
  if (madeBackend(purpose)) removeBackend("wasm");
  registerTheirs();
}
