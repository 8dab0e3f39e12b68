import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, viewOf } from "../arguments.js";
import { composedStart } from "../composed/mixtureNorm.js";
import type { Job } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";
import { checkSizes } from "./mixtureNormTable.js";

interface Inputs {
  /** [N, C] */
  x: TensorInfo;
  /** [K], in [0, 1): by these the seeds are drawn. */
  draws: TensorInfo;
}

/** Outputs: prior [K], mean and variance [K, C] to start EM from, by 1,024 rows of x at the most. */
export const MixtureNormStart: KernelSpec<Inputs, object, void> = {
  name: "MixtureNormStart",
  op: "mixtureNormalization's start",
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
  job(kernels, { x, draws }): Job<"x" | "draws" | "prior" | "mean" | "variance"> {
    const [rows, channels] = x.shape as [number, number];
    const [components] = draws.shape as [number];
    const bytes = kernels.mixture_norm_table_bytes(channels, components);
    return {
      count: rows,
      period: 1,
      tableBytes: bytes + kernels.mixture_norm_kmeans_scratch_bytes(rows, channels, components),
      parameters: { draws },
      activations: { x },
      along: {},
      results: { prior: [components], mean: [components, channels], variance: [components, channels] },
      prepare() {},
      passes: [
        {
          step: ({ table, x }, start, count) =>
            kernels.mixture_norm_kmeans_accumulate(table + bytes, x, start, count, rows, channels),
          finish: ({ table, draws, prior, mean, variance }) =>
            kernels.mixture_norm_kmeans_finalize(table, table + bytes, draws, prior, mean, variance, rows, channels, components),
        },
      ],
    };
  },
  composed: composedStart,
};
