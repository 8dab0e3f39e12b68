import { readFileSync } from "node:fs";
import { afterEach } from "vitest";

// Limits the runtime to what the binary BINARY needs: no relaxed SIMD, or no SIMD, for the library and for TensorFlow.js.
const validate = WebAssembly.validate;
const refused = ["relaxed-simd", "threaded-relaxed-simd"].map((name) => readFileSync(`build/wasm/tfjs-uan-${name}.wasm`));
if (process.env.BINARY === "scalar") WebAssembly.validate = () => false;
if (process.env.BINARY === "simd") {
  WebAssembly.validate = (bytes) => !refused.some((other) => other.equals(bytes as Uint8Array)) && validate(bytes);
}

// Vitest ends a process that does not answer for a minute. Tests that never await anything would keep it from answering.
afterEach(() => new Promise((resolve) => setImmediate(resolve)));
