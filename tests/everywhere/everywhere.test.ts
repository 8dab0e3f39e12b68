import { describe, expect, it } from "vitest";
import { expectWritten } from "../helpers/docs.js";
import { CASES } from "./cases/index.js";
import { KNOWN_FAULTS } from "./known.js";
import { matrixDocs, readResults } from "./matrix.js";
import type { Result } from "./suite.js";
import { TARGETS } from "./targets.js";

/** GPUs in software are slow. A browser is given up before. */
const MAX_TIME = 420_000;

const results: Result[] = [];

describe("values are the same everywhere", () => {
  for (const { name, expected, missing, optional, run } of TARGETS.filter(({ apart }) => !apart)) {
    const reason = missing();
    if (reason) console.warn(`\n*** NOT TESTED on ${name}: ${reason} ***\n`);
    it.skipIf(reason && (optional || !process.env.CI))(name, { timeout: MAX_TIME }, async () => {
      const result = await run();
      results.push(result);
      expect(result.failed).toEqual([]);
      expect(result.warnings).toEqual([]);
      expect(result).toMatchObject(expected);
      expect(result.passed + result.faults.length).toBe(CASES.length);
    });
  }

  it("TensorFlow.js still has its known faults, on the backends that they are known for", () => {
    const shown = results.flatMap(({ backend, faults }) => faults.map(({ reason }) => `${backend.name}: ${reason}`));
    const ran = new Set(results.map(({ backend }) => backend.name as string));
    const known = KNOWN_FAULTS.flatMap(({ reason, backends }) =>
      backends.filter((backend) => ran.has(backend)).map((backend) => `${backend}: ${reason}`),
    );
    expect([...new Set(shown)].sort()).toEqual(known.sort());
  });
});

it("docs/platforms.md says what tests/everywhere/results.json says: `npm run docs:platforms` writes both", async () => {
  await expectWritten(matrixDocs(await readResults()));
});
