// Flags of V8, in Node.js and Chromium.

/** What relaxed SIMD wants of Node.js: version 20 has it behind a flag, which later ones do not know. */
export const RELAXED_SIMD = Number.parseInt(process.versions.node, 10) < 21 ? ["--experimental-wasm-relaxed-simd"] : [];

/** WebAssembly without SIMD: as on an x64 machine without SSE 4.1. */
export const WITHOUT_SIMD = ["--no-enable-sse4-1", "--no-enable-sse4-2", "--no-enable-avx", "--no-enable-avx2"];
