import { readFileSync } from "node:fs";
import { afterEach } from "vitest";

// Makes the runtime one for BINARY: without relaxed SIMD, or without SIMD at all, for the library and for TensorFlow.js.
const validate = WebAssembly.validate;
const refused = ["relaxed-simd", "threaded-relaxed-simd"].map((name) => readFileSync(`build/wasm/tfjs-uan-${name}.wasm`));
if (process.env.BINARY === "scalar") WebAssembly.validate = () => false;
if (process.env.BINARY === "simd") {
  WebAssembly.validate = (bytes) => !refused.some((other) => other.equals(bytes as Uint8Array)) && validate(bytes);
}

// Vitest gives a process up that does not answer for a minute: tests that never wait would keep it from answering.
afterEach(() => new Promise((resolve) => setImmediate(resolve)));
