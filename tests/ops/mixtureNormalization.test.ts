import { beforeAll, describe, it } from "vitest";
import * as library from "../../src/index.js";
import { fitMixtureNormalization, kmeansInit } from "../../src/ops/mixtureNormalization.js";
import { gradients, moments, normalize, responsibilities } from "../../src/reference/mixtureNormalization.js";
import { differencesOf } from "../contracts/case.js";
import { DRIVERS } from "../contracts/drivers.js";
import {
  CASES_OF_FITS,
  makeProblem,
  normalizeBy,
  type Problem,
  randomMixture,
  withAffine,
} from "../contracts/mixtureNormalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";

describe("the reference", () => {
  it.each([true, false])("has the gradients of finite differences, responsibilities held constant; of a batch: %s", (batch) => {
    const p = makeProblem([11, 3]);
    const mixture = randomMixture(p);
    const nu = responsibilities(p, mixture);
    const loss = (rows: Problem) => {
      const y = normalize(rows, nu, batch ? moments(rows, nu, mixture) : mixture);
      return withAffine(rows, y).reduce((sum, value, i) => sum + value * (rows.dy[i] as number), 0);
    };
    const actual = gradients(p, nu, batch ? moments(p, nu, mixture) : mixture, p.dy, p.gamma, batch);
    for (const name of ["x", "gamma", "beta"] as const) {
      const differences = differencesOf(p[name], (values) => loss({ ...p, [name]: values } as unknown as Problem));
      expectCloseToLargest(Float32Array.from(actual[name]), differences, 1e-6, name);
    }
  });
});

describe.each(DRIVERS)("mixtureNormalization, $name", (started) => {
  const driver = { ...started, fitMixtureNormalization, kmeansInit };
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(CASES_OF_FITS)) it(name, () => run(driver));
});

describe("mixtureNormalization over a copied memory", () => {
  beforeAll(() => useBackend("cpu"));

  it.each([
    [20_000, 12],
    [9000, 7],
  ])("goes through in pieces where the tensor is larger than the memory: [%i, %i]", async (rows, channels) => {
    const p = makeProblem([rows, channels]);
    const run = () => normalizeBy({ leeway: 1, library }, p);
    const whole = await run();
    library.setCopyingMemoryLimit(2 ** 18);
    try {
      const pieces = await run();
      expectClose(pieces.y, whole.y, 1e-5);
      for (const name of ["x", "gamma", "beta"] as const) {
        expectCloseToLargest(pieces.gradients[name], whole.gradients[name], 1e-5, name);
      }
    } finally {
      library.setCopyingMemoryLimit(2 ** 26);
    }
  });
});
