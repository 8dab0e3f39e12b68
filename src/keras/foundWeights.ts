import type { io } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

/** What a file has for the weights of a model. */
export interface FoundWeights {
  found: Map<LayerVariable, io.WeightsManifestEntry>;
  /** What the file has twice, and is not wanted again. */
  repeated: io.WeightsManifestEntry[];
}
