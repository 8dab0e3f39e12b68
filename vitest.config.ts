import { defineConfig } from "vitest/config";
import { RELAXED_SIMD } from "./runtimes/v8.js";

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // TensorFlow.js keeps its state on globalThis: a process for every file.
    pool: "forks",
    poolOptions: { forks: { execArgv: RELAXED_SIMD } },
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
          include: ["tests/{kernels,launch,ops,registry}/**/*.test.ts"],
          env: { BINARY: "relaxedSimd" },
        },
      },
      {
        extends: true,
        test: {
          name: "scalar",
          include: ["tests/{kernels,launch,ops,registry}/**/*.test.ts"],
          env: { BINARY: "scalar" },
        },
      },
    ],
  },
});
