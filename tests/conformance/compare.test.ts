import { describe, expect, it } from "vitest";
import { compare, differences } from "./compare.js";
import { type Outcome, testNames } from "./outcome.js";

const passed: Outcome = { status: "passed" };
const failed: Outcome = { status: "failed", message: "wanted 1, got 2\nand more" };
const pending: Outcome = { status: "pending" };

describe("compare", () => {
  it("tells tests that pass only with the library from those that pass only without it", () => {
    const without = { a: passed, b: passed, c: failed, d: failed, e: pending };
    const withLibrary = { a: passed, b: failed, c: passed, d: failed, e: pending };
    expect(compare([without, without], withLibrary)).toEqual({
      tests: 5,
      without: 2,
      with: 2,
      newlyPassing: ["c"],
      broken: [{ test: "b", message: failed.message }],
      flaky: [],
    });
  });

  it("puts aside, by name, what is flaky without the library", () => {
    const outcome = compare(
      [
        { a: passed, b: passed },
        { a: failed, b: passed },
      ],
      { a: failed, b: passed },
    );
    expect(outcome).toEqual({ tests: 1, without: 1, with: 1, newlyPassing: [], broken: [], flaky: ["a"] });
  });

  it("takes a test that does not run with the library for broken", () => {
    expect(compare([{ a: passed }, { a: passed }], {}).broken).toEqual([{ test: "a", message: "it did not run" }]);
    expect(compare([{ a: passed }, { a: passed }], { a: pending }).broken).toHaveLength(1);
  });

  it("takes a suite that fails outside of its tests, with the library only, for broken", () => {
    expect(compare([{}, {}], { suite: failed }).broken).toEqual([{ test: "suite", message: failed.message }]);
  });
});

describe("differences", () => {
  const broken = [{ test: "a", message: "wanted 1, got 2\nand more" }];

  it("has nothing where the broken tests are the known ones", () => {
    expect(differences(broken, ["a"])).toEqual([]);
  });

  it("has a broken test that is not known, with the first line of its message", () => {
    expect(differences(broken, [])).toEqual(["'a' passes only without the library: wanted 1, got 2"]);
  });

  it("has a known test that is not broken", () => {
    expect(differences(broken, ["a", "b"])).toEqual([expect.stringMatching(/^'b' is in known\.ts/)]);
  });
});

it("testNames numbers tests of the same name, across suites", () => {
  const test = (id: string, name: string) => ({ id, getFullName: () => name });
  const suite = (id: string, ...children: Parameters<typeof testNames>[0][]) => ({ id, getFullName: () => id, children });
  const top = suite("suite0", suite("suite1", test("spec0", "a b"), test("spec1", "a c")), suite("suite2", test("spec2", "a b")));
  expect([...testNames(top)]).toEqual([
    ["spec0", "a b"],
    ["spec1", "a c"],
    ["spec2", "a b (2)"],
  ]);
});
