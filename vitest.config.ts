import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // TensorFlow.js keeps its state on globalThis: a process for every file.
    pool: "forks",
  },
});
