import { describe, expect, it } from "vitest";
import { CASES } from "./cases/index.js";
import { KNOWN_FAULTS } from "./known.js";
import { readmeOf, readResults } from "./matrix.js";
import type { Result } from "./suite.js";
import { PLACES } from "./targets.js";

/** For GPUs in software. */
const MOST_TIME = 300_000;

const results: Result[] = [];

describe("the same values everywhere", () => {
  for (const { name, expected, missing, optional, run } of PLACES) {
    const reason = missing();
    if (reason && !optional) console.warn(`\n*** NOT TESTED: ${name}, since ${reason} ***\n`);
    it.skipIf(reason && (optional || !process.env.CI))(name, { timeout: MOST_TIME }, async () => {
      const result = await run();
      results.push(result);
      expect(result.failed).toEqual([]);
      expect(result.warnings).toEqual([]);
      expect(result).toMatchObject(expected);
      expect(result.passed + result.faults.length).toBe(CASES.length);
    });
  }

  it("the known faults of TensorFlow.js are there, each on some backend", () => {
    const shown = results.flatMap(({ backend, faults }) => faults.map(({ reason }) => `${backend.name}: ${reason}`));
    const ran = new Set(results.map(({ backend }) => backend.name as string));
    const known = KNOWN_FAULTS.flatMap(({ reason, backends }) =>
      backends.filter((backend) => ran.has(backend)).map((backend) => `${backend}: ${reason}`),
    );
    expect([...new Set(shown)].sort()).toEqual(known.sort());
  });
});

it("README.md says what tests/everywhere/results.json says: `npm run matrix` writes both", async (context) => {
  const report = await readResults();
  if (!report) return context.skip();
  const { is, wanted } = await readmeOf(report);
  expect(is).toBe(wanted);
});
