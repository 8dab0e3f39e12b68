import * as tf from "@tensorflow/tfjs-core"; import "@tensorflow/tfjs-layers"; import "@tensorflow/tfjs-backend-wasm"; import "tfjs-uan";
import { CONVOLUTIONS, timeConvolution } from "./bench/convolutions.js";
await tf.setBackend("wasm");
for (const c of CONVOLUTIONS) { const { timings: t, gigaflops: g } = timeConvolution(c, 3); console.log(JSON.stringify(c.input), JSON.stringify(c.filter), c.stride, "fwd", g(t.forward).toFixed(1), "filter", g(t.filter).toFixed(1), "input", g(t.input).toFixed(1), "theirs", g(t.theirs).toFixed(1), "ratios", (t.forward.median/t.filter.median).toFixed(2), (t.forward.median/t.input.median).toFixed(2), "x theirs", (t.theirs.median/t.input.median).toFixed(1)); }
