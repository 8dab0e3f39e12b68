import { defineConfig } from "vitest/config";
import { RELAXED_SIMD } from "./runtimes/v8.js";

const COMPUTED_BY_THE_BINARY = ["tests/{kernels,launch,ops,registry}/**/*.test.ts"];
const ONCE = ["**/*.once.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // TensorFlow.js keeps its state on globalThis, so every file needs a process of its own.
    pool: "forks",
    poolOptions: { forks: { execArgv: RELAXED_SIMD } },
    setupFiles: ["tests/helpers/setup.ts"],
    // The project "simd" runs every test. The others run those that compute something by the binary, each on its own binary: all of
    // COMPUTED_BY_THE_BINARY, except files that end in `.once.test.ts`, to which no binary matters.
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
          include: COMPUTED_BY_THE_BINARY,
          exclude: ONCE,
          env: { BINARY: "relaxedSimd" },
        },
      },
      {
        extends: true,
        test: {
          name: "scalar",
          include: COMPUTED_BY_THE_BINARY,
          exclude: ONCE,
          env: { BINARY: "scalar" },
        },
      },
    ],
  },
});
