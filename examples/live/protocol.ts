import type { Histogram } from "./histogram.js";
import type { Mixture } from "./mixture.js";
import type { SavedModel } from "./savedModel.js";

// What page and worker say to each other.

/** The networks that are compared: they differ in their normalization alone. */
export const KINDS = ["uan", "batch", "none"] as const;
export type Kind = (typeof KINDS)[number];
export type OfEach<T> = Record<Kind, T>;

export const mapEach = <T, U>({ uan, batch, none }: OfEach<T>, make: (value: T, kind: Kind) => U): OfEach<U> => ({
  uan: make(uan, "uan"),
  batch: make(batch, "batch"),
  none: make(none, "none"),
});

export const KIND_NAMES: OfEach<string> = { uan: "UAN", batch: "batch normalization", none: "no normalization" };

export const BACKENDS = ["wasm", "webgpu"] as const;
export type Backend = (typeof BACKENDS)[number];

/** What the networks are made with, and how they train. */
export interface Settings {
  backend: Backend;
  /** K, from 1 to 6. */
  components: number;
  batchSize: number;
  /** For weights and the order of digits: the same for all networks. */
  seed: number;
}

export const MAX_COMPONENTS = 6;
export const BATCH_SIZES = [2, 4, 8, 16, 32, 64];
export const DEFAULTS: Settings = { backend: "wasm", components: 3, batchSize: 16, seed: 1 };

/** A channel of the activations that one of the normalizations gets. */
export interface View {
  /** Which normalization, from 0. */
  layer: number;
  channel: number;
}

export type Request =
  | { type: "start"; settings: Settings }
  | { type: "train"; on: boolean }
  | { type: "step" }
  | { type: "view"; view: View }
  | { type: "recognize"; pixels: Float32Array }
  | { type: "example" }
  | { type: "speed" }
  | { type: "save"; to: "browser" | "file" }
  | { type: "load"; from: "browser" | SavedModel };

/** A normalization, and what it normalizes. */
export interface LayerInfo {
  name: string;
  height: number;
  width: number;
  channels: number;
}

export interface Ready {
  type: "ready";
  /** The backend, and what it runs on. */
  backend: string;
  settings: Settings;
  layers: LayerInfo[];
  trainingDigits: number;
  testDigits: number;
}

export interface Progress {
  type: "progress";
  step: number;
  /** Of this step's batch. */
  losses: OfEach<number>;
  /** The part of the test digits that is recognized, every few steps. */
  accuracies?: OfEach<number>;
  /** How long the step took, in ms. */
  times: OfEach<number>;
  /** What TensorFlow.js keeps after the step. */
  tensors: number;
}

export interface Density {
  type: "density";
  step: number;
  view: View;
  /** Of the channel's activations on some test digits. */
  histogram: Histogram;
  mixture: Mixture;
}

export interface Recognized {
  type: "recognized";
  /** Of the ten digits. */
  probabilities: OfEach<number[]>;
  view: View;
  height: number;
  width: number;
  /** The channel's activations, row by row. */
  activations: Float32Array;
  /** How much each of the K components is responsible for each of them. */
  responsibilities: Float32Array;
}

export interface SpeedRow {
  name: string;
  /** Nanoseconds an activation. */
  nanoseconds: number;
}

export interface Speed {
  type: "speed";
  /** How many activations each call had. */
  activations: number;
  rows: SpeedRow[];
}

export type Reply =
  | Ready
  | Progress
  | Density
  | Recognized
  | { type: "example"; pixels: Float32Array; label: number }
  | Speed
  | { type: "paused" }
  | { type: "saved"; model?: SavedModel }
  | { type: "loaded"; components: number }
  | { type: "failed"; request: Request["type"]; message: string };
