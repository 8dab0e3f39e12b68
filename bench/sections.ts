import type { Section } from "./section.js";
import { activations } from "./sections/activations.js";
import { backends } from "./sections/backends.js";
import { batches } from "./sections/batches.js";
import { channels } from "./sections/channels.js";
import { components } from "./sections/components.js";
import { convolution } from "./sections/convolution.js";
import { engines } from "./sections/engines.js";
import { forward } from "./sections/forward.js";
import { gpu } from "./sections/gpu.js";
import { layers } from "./sections/layers.js";
import { memory } from "./sections/memory.js";
import { model } from "./sections/model.js";
import { training } from "./sections/training.js";

/** The sections that also run in a page, in order. */
export const SECTIONS: Section[] = [
  forward,
  training,
  layers,
  components,
  activations,
  channels,
  batches,
  model,
  engines,
  memory,
  convolution,
  backends,
  gpu,
];
