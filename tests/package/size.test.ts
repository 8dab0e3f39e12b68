import { expect, it } from "vitest";
import { BUDGETS, bundle, entryPoints } from "../../scripts/size.js";

const FILES = entryPoints();

it("every entry point has a budget, and every budget an entry point", () => {
  expect(Object.keys(BUDGETS).sort()).toEqual(Object.keys(FILES).sort());
});

it.each(Object.entries(FILES))("%s is within its budget, minified and gzipped", async (name, file) => {
  const { gzipped } = await bundle(file);
  const budget = BUDGETS[name] as number;
  const why =
    `${name} has ${gzipped} bytes, and its budget is ${budget}. A page loads all of them before it computes anything: ` +
    "make it smaller, or raise the budget in scripts/sizes.json and say in the commit what the bytes are for.";
  expect(gzipped, why).toBeLessThanOrEqual(budget);
});
