import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, viewOf } from "../arguments.js";
import type { Pointer } from "../binary/interface.js";
import { type KernelPlan, serialPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkSizes } from "./mixtureNormPlan.js";

interface Inputs {
  /** [N, C] */
  x: TensorInfo;
  /** [K], in [0, 1): they choose the seeds. */
  draws: TensorInfo;
}

/** Outputs: prior [K], mean and variance [K, C] to start EM from, by k-means++ on at most KMEANS_ROWS rows of x. */
export const MixtureNormKMeansInit: BinaryKernel<Inputs, object, void> = {
  name: "MixtureNormKMeansInit",
  op: "mixtureNormalization's k-means++ start",
  check({ x, draws }) {
    checkFloat32(this.op, "x", x);
    checkFloat32(this.op, "draws", draws);
    const { outer, channels } = viewOf(this.op, x, -1);
    if (x.shape.length !== 2) throw argumentError(this.op, "x", "have rank 2", `rank ${x.shape.length}`);
    const [components = 0, ...more] = draws.shape;
    if (components < 1 || more.length > 0) {
      throw argumentError(this.op, "draws", "have shape [K] with K ≥ 1", `[${draws.shape}]`);
    }
    checkSizes(this.op, outer, channels, components);
  },
  plan(binary, { x, draws }): KernelPlan<"x" | "draws" | "prior" | "mean" | "variance"> {
    const [rows, channels] = x.shape as [number, number];
    const [components] = draws.shape as [number];
    const tableBytes = binary.mixture_norm_table_bytes(channels, components);
    const sample = (table: Pointer) => (table + tableBytes) as Pointer;
    return {
      count: rows,
      chunkAlignment: 1,
      tableBytes,
      scratchBytes: binary.mixture_norm_kmeans_scratch_bytes(rows, channels, components),
      inputs: { draws },
      streamedInputs: { x },
      streamedOutputs: {},
      outputs: { prior: [components], mean: [components, channels], variance: [components, channels] },
      passes: [
        serialPass(
          ["x"],
          ({ table, x }, start, count) => binary.mixture_norm_kmeans_accumulate(sample(table), x, start, count, rows, channels),
          ({ table, draws, prior, mean, variance }) =>
            binary.mixture_norm_kmeans_finalize(table, sample(table), draws, prior, mean, variance, rows, channels, components),
        ),
      ],
    };
  },
};
