import { defineConfig } from "vitest/config";

// Node 20 has relaxed SIMD behind a flag, which later versions do not know.
const relaxedSimd = Number.parseInt(process.versions.node, 10) < 21 ? ["--experimental-wasm-relaxed-simd"] : [];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // TensorFlow.js keeps its state on globalThis: a process for every file.
    pool: "forks",
    poolOptions: { forks: { execArgv: relaxedSimd } },
    setupFiles: ["tests/helpers/setup.ts"],
    // Everything on the binary for SIMD; what is computed also on those for runtimes with relaxed SIMD and without SIMD.
    projects: [
      {
        extends: true,
        test: {
          name: "simd",
          include: ["tests/**/*.test.ts"],
          env: { BINARY: "simd" },
        },
      },
      {
        extends: true,
        test: {
          name: "relaxed-simd",
          include: ["tests/{backend,kernels,ops}/**/*.test.ts"],
          env: { BINARY: "relaxedSimd" },
        },
      },
      {
        extends: true,
        test: {
          name: "scalar",
          include: ["tests/{backend,kernels,ops}/**/*.test.ts"],
          env: { BINARY: "scalar" },
        },
      },
    ],
  },
});
