import plain from "url:@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm";
import simd from "url:@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
import threadedSimd from "url:@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm";
import { start } from "./app.js";

start({
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threadedSimd,
});
