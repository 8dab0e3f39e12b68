import { expect, it } from "vitest";
import { type Line, matrixBlock, mergeReport } from "./matrix.js";

const line: Line = {
  target: "node/wasm",
  date: "2026-11-22T10:00:00Z",
  runtime: "Node.js",
  version: "20.1.0",
  backendTitle: "wasm",
  backend: { name: "wasm" },
  binary: "simd",
  isMemoryShared: false,
  isOnGpu: false,
  tensorflow: "4.22.0",
  passed: 5,
  failed: [],
  faults: [],
  warnings: [],
  seconds: 1,
};

it("the matrix says what passed, and once why something did not", () => {
  const faults = [{ name: "tf.sum", reason: "it is off by one" }];
  const backend = { name: "webgl", device: "SwiftShader", software: true } as const;
  const onGpu: Line = { ...line, runtime: "Chromium", version: "156", backendTitle: "webgl", backend, passed: 4, faults };
  delete onGpu.binary;
  const lines = [line, onGpu, { ...onGpu, backendTitle: "webgpu" }];
  expect(matrixBlock({ lines })).toBe(`\`npm run everywhere\`, 2026-11-22, TensorFlow.js 4.22.0:

| runtime | backend | computed by | passed |
|---|---|---|---|
| Node.js 20.1.0 | wasm | binary simd | 5 of 5 |
| Chromium 156 | webgl | programs of the library, a GPU in software | 4 of 5 |
| Chromium 156 | webgpu | programs of the library, a GPU in software | 4 of 5 |

Not passed:

- \`tf.sum\`: a fault of TensorFlow.js, it is off by one (webgl; webgpu)`);
});

it("new lines take the place of old ones of the same target, in the order of the targets", () => {
  const old = [line, { ...line, target: "gone" }, { ...line, target: "chromium/wasm" }];
  const again = { ...line, date: "2026-11-24T10:00:00Z", passed: 6 };
  const added = { ...line, target: "bun/wasm" };
  const merged = mergeReport({ lines: old }, [added, again], ["node/wasm", "bun/wasm", "chromium/wasm", "deno/wasm"]);
  expect(merged).toEqual({ lines: [again, added, old[2]] });
  expect(matrixBlock(merged)).toContain("`npm run everywhere`, 2026-11-22 to 2026-11-24, ");
});
