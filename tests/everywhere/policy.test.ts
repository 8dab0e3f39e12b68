import { join } from "node:path";
import { expect, it } from "vitest";
import { WASM_PATH } from "../../runtimes/paths.js";
import { bundle } from "../../runtimes/program.js";
import { ROOT } from "../../runtimes/project.js";
import type { ServeOptions } from "../../runtimes/serve.js";
import type { PassedOver } from "../../src/index.js";
import { describeInChromium } from "../helpers/browser.js";
import { outcomeOf } from "./outcome.js";
import { PROGRAMS } from "./terminals.js";

interface Outcome {
  error?: string;
  backend: string;
  reason: string;
  tried: PassedOver[];
  y: number;
  engine: string;
  warnings: string[];
}

/** What programs/policy.ts finds out in a page with this policy. */
const underPolicy = async (options: ServeOptions) =>
  outcomeOf<Outcome>(
    {
      texts: {
        "/": '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>',
        "/program.js": await bundle(join(PROGRAMS, "policy.ts")),
      },
      folders: { [WASM_PATH]: join(ROOT, "node_modules/@tensorflow/tfjs-backend-wasm/dist") },
      ...options,
    },
    "/",
  );

describeInChromium("in a page whose policy", () => {
  it("forbids compiling WebAssembly, TensorFlow.js's operations do the work, and what cannot be had names the policy", async () => {
    const outcome = await underPolicy({ policy: "script-src 'self'" });
    const why = /WebAssembly cannot be compiled here.*CompileError: .*script-src 'self'/;
    expect(outcome).toEqual({
      backend: "cpu",
      reason: expect.stringMatching(why),
      tried: [{ candidate: "wasm", reason: expect.stringMatching(why) }],
      y: expect.closeTo(1, 5),
      engine: expect.stringMatching(why),
      warnings: [expect.stringMatching(new RegExp(`^tfjs-uan: ${why.source}.*setWasmModules`))],
    });
    expect(outcome.engine).not.toContain("argument");
  });

  it("forbids workers, 'wasm' and an engine say that they get no threads, and compute all the same", async () => {
    const policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
    const { engine, warnings, ...outcome } = await underPolicy({ policy, isolated: true });
    expect(outcome).toMatchObject({
      backend: "wasm",
      reason: "WebAssembly, with the kernels of tfjs-uan",
      tried: [],
      y: expect.closeTo(1, 5),
    });
    expect(engine).toBe("1.000 on 1");
    expect(warnings).toEqual([
      expect.stringMatching(/'wasm' has not started: .*forbids 'blob.*' by worker-src\. It is started without threads/),
      "tfjs-uan: a thread cannot be started here, so that the caller's does its work: the page's policy may forbid workers from blobs",
    ]);
  });
});
