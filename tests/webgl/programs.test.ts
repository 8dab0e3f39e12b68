import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inChromium } from "../../runtimes/program.js";
import { ROOT } from "../../runtimes/project.js";
import { describeInChromium } from "../helpers/browser.js";
import type { CaseOptions } from "../helpers/problems.js";
import type { CallName, Computed, Functions, Textures } from "./page.js";

/** Calls a function of the page. */
type Call = <N extends keyof Functions>(
  name: N,
  ...values: Parameters<Functions[N]>
) => Promise<Awaited<ReturnType<Functions[N]>>>;

const onPage =
  (page: Page): Call =>
  (name, ...values) =>
    // biome-ignore lint/suspicious/noExplicitAny: the program defines the function
    page.evaluate(([name, values]) => (globalThis as any)[name](...values), [name, values] as const) as Promise<never>;

/** Runs f in a page that has started 'webgl'. */
const withPage = <T>(flags: { [name: string]: boolean | number }, f: (call: Call) => Promise<T>): Promise<T> =>
  inChromium(join(ROOT, "tests/webgl/page.ts"), {}, async (page) => {
    const call = onPage(page);
    await call("start", flags);
    return f(call);
  });

const CASES: CaseOptions[] = [
  { shape: [5, 3, 7] },
  { shape: [3, 4, 6, 5], axis: 1 },
  { shape: [2, 6, 4, 8], axis: 2, components: 2 },
  { shape: [9], axis: 0 },
];
const named: [name: string, call: CallName, options: CaseOptions][] = [
  ...CASES.map((options) => ["uan", options] as const),
  ...(["moments of the batch", "batchNormalization, inference", "mixtureNormalization"] as const).flatMap((call) =>
    CASES.slice(0, 2).map((options) => [call, options] as const),
  ),
].map(([call, options]) => [`${call}, [${options.shape}], axis ${options.axis ?? -1}`, call, options]);

/** The largest difference, of numbers up to the largest of them. */
function difference(got: number[], wanted: number[]): number {
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...got.map((value, i) => Math.abs(value - (wanted[i] as number)))) / largest;
}

describeInChromium("programs on 'webgl'", () => {
  let call: Call;
  let close = () => {};
  let closed: Promise<void>;

  beforeAll(async () => {
    await new Promise<void>((resolve, reject) => {
      closed = withPage({}, async (started) => {
        call = started;
        resolve();
        await new Promise<void>((done) => {
          close = done;
        });
      });
      closed.catch(reject);
    });
  }, 120_000);
  afterAll(async () => {
    close();
    await closed;
  });

  it("UAN takes one draw, and its gradient nine", { timeout: 120_000 }, async () => {
    expect(await call("draws", 3)).toEqual({
      uan: 1,
      "uan, with gradients": 1 + 9,
      "uan without gamma, with gradients": 1 + 9,
      standardize: 6,
      "moments of the batch": 12,
      "moments of the batch, with gradients": 12 + 13,
      batchNormalization: 6,
      "batchNormalization, with gradients": 6 + 5,
      "batchNormalization, inference": 1,
      "batchNormalization, inference, with gradients": 1 + 7,
      layerNormalization: 5,
      "layerNormalization, with gradients": 5 + 6,
      "mixtureNormalization of a given mixture": 3 + 1,
      "mixtureNormalization of a given mixture, with gradients": 3 + 1 + 5,
      "an EM step": 11,
      responsibilities: 1,
      moments: 7,
    });
  });

  it("more components than the programs take are composed", { timeout: 120_000 }, async () => {
    const { uan } = await call("draws", 33, "uan");
    expect(uan).toBeGreaterThan(33);
  });

  it.each(named)(
    "has the same bits of packed, unpacked, reshaped and sliced tensors: %s",
    { timeout: 120_000 },
    async (_, name, options) => {
      const uploaded = await call("compute", name, options, "uploaded");
      const before = await call("counts");
      for (const textures of ["packed", "unpacked", "reshaped", "sliced"] satisfies Textures[]) {
        expect([textures, await call("compute", name, options, textures)]).toEqual([textures, uploaded]);
      }
      expect(await call("counts")).toEqual(before);
    },
  );

  it.each(named)(
    "has the same bits where tensors are beyond the size of a texture: %s",
    { timeout: 120_000 },
    async (_, name, options) => {
      const wanted = await call("compute", name, options, "packed");
      await call("setFlag", "WEBGL_MAX_TEXTURE_SIZE", 24);
      let got: Computed;
      try {
        got = await call("compute", name, options, "packed");
      } finally {
        await call("setFlag", "WEBGL_MAX_TEXTURE_SIZE", 8192);
      }
      expect(got).toEqual(wanted);
    },
  );

  it.each([
    "uan",
    "moments of the batch",
    "batchNormalization, inference",
    "mixtureNormalization",
  ] as const)("textures of half floats change y by at most 2^-10 of its largest, and gradients by 2^-8: %s", {
    timeout: 240_000,
  }, async (name) => {
    const options = { shape: [64, 10] };
    const wanted = await call("compute", name, options, "packed", 6);
    const got = await withPage({ WEBGL_FORCE_F16_TEXTURES: true }, (call) => call("compute", name, options, "packed", 6));
    expect(got.y).not.toEqual(wanted.y);
    expect(difference(got.y, wanted.y)).toBeLessThan(2 ** -10);
    for (const [i, gradient] of got.gradients.entries()) {
      expect(difference(gradient, wanted.gradients[i] as number[])).toBeLessThan(2 ** -8);
    }
  });
});
