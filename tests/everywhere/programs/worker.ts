import "@tensorflow/tfjs-backend-cpu";
import tensorflow from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
import simd from "tfjs-uan/wasm/tfjs-uan-simd.wasm";
import { useWasmModules } from "tfjs-uan/workers";
import { startBackend } from "../../../runtimes/startBackend.js";
import { runSuite } from "../suite.js";

// In workerd, which forbids compiling: answers a request, whose body selects cases, with the suite's result.

export default {
  async fetch(request: Request): Promise<Response> {
    await useWasmModules({ tensorflow, uan: { simd } });
    return Response.json(await runSuite(await startBackend("wasm"), await request.text()));
  },
};
