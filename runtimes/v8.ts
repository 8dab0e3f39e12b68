// Flags of V8, in Node.js and Chromium.

/** The flags for relaxed SIMD in Node.js. Version 20 needs one, which later versions do not have. */
export const RELAXED_SIMD = Number.parseInt(process.versions.node, 10) < 21 ? ["--experimental-wasm-relaxed-simd"] : [];

/** Flags for WebAssembly without SIMD, as on an x64 machine without SSE 4.1. */
export const WITHOUT_SIMD = ["--no-enable-sse4-1", "--no-enable-sse4-2", "--no-enable-avx", "--no-enable-avx2"];
