import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";

// A model and its training, outside of React: a store for useSyncExternalStore. Subscribing is mounting. The first subscriber has the
// model made, and when the last is gone, it is disposed: a moment later, as StrictMode and hot reloads unmount, and mount again at once.

export interface Snapshot {
  steps: number;
  /** Of the last step. */
  loss?: number;
  /** How many models have been made until now: 1, until the page shows none and then one again. */
  made: number;
}

interface Held {
  model: tfl.Sequential;
  x: tf.Tensor2D;
  y: tf.Tensor2D;
}

interface State {
  held?: Held;
  snapshot: Snapshot;
  listeners: Set<() => void>;
}

// What a hot reload of this file hands to its next version. All that must survive is in here.
const state: State = import.meta.hot?.data.state ?? { snapshot: { steps: 0, made: 0 }, listeners: new Set() };
if (import.meta.hot) import.meta.hot.data.state = state;

function update(change: Partial<Snapshot>): void {
  state.snapshot = { ...state.snapshot, ...change };
  for (const listener of state.listeners) listener();
}

function make(): Held {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 16, inputShape: [2], kernelInitializer }),
      unsupervisedAdaptiveNormalization(),
      tfl.layers.reLU(),
      tfl.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  // Named by a string, the optimizer is the model's own, and is disposed with it.
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  const x = tf.randomUniform<tf.Rank.R2>([64, 2], -1, 1, "float32", 1);
  const y = tf.tidy(() => tf.prod(x, 1, true) as tf.Tensor2D);
  return { model, x, y };
}

function disposeUnused(): void {
  if (state.listeners.size > 0 || !state.held) return;
  const { model, x, y } = state.held;
  state.held = undefined;
  model.dispose();
  tf.dispose([x, y]);
}

export function subscribe(listener: () => void): () => void {
  state.listeners.add(listener);
  if (!state.held) {
    state.held = make();
    update({ steps: 0, loss: undefined, made: state.snapshot.made + 1 });
  }
  return () => {
    state.listeners.delete(listener);
    queueMicrotask(disposeUnused);
  };
}

export const getSnapshot = (): Snapshot => state.snapshot;

/** Trains the model, until it is disposed. */
export async function train(steps: number): Promise<void> {
  const { held } = state;
  for (let step = 0; held && step < steps; step++) {
    const loss = (await held.model.trainOnBatch(held.x, held.y)) as number;
    await tf.nextFrame(); // the page answers between steps
    if (state.held !== held) return;
    update({ steps: state.snapshot.steps + 1, loss });
  }
}
