import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { ALL_EXPERIMENTS } from "../../paper/config.js";
import { HELP, parseOptions } from "../../paper/options.js";
import { PRESETS } from "../../paper/presets.js";
import { OptionError } from "../../reporting/program.js";

describe("parseOptions", () => {
  it("has defaults: everything, by the quick preset", () => {
    expect(parseOptions([])).toEqual({
      experiments: [
        "classification",
        "gradients",
        "batch-size",
        "components",
        "mixed-domains",
        "longer",
        "domain-adaptation",
        "recalibration",
      ],
      preset: PRESETS.quick,
      folders: {},
      processes: availableParallelism(),
      fresh: false,
    });
  });

  it("puts experiments in the plan's order, each once", () => {
    expect(parseOptions(["components", "classification", "components"])?.experiments).toEqual(["classification", "components"]);
  });

  it("has the choice only where it is asked for", () => {
    expect(parseOptions(["choose"])?.experiments).toEqual(["choose"]);
  });

  it("reads all options", () => {
    const given = "--preset full --seeds 5 --svhn a --cifar-10=b --cifar-100 c --processes 3 --fresh".split(" ");
    expect(parseOptions(given)).toMatchObject({
      preset: { name: "full", seeds: [101, 102, 103, 104, 105], choice: { seeds: [301, 302, 303, 304, 305] } },
      folders: { svhn: "a", "cifar-10": "b", "cifar-100": "c" },
      processes: 3,
      fresh: true,
    });
  });

  it("is undefined for --help, and the help names every experiment and option", () => {
    expect(parseOptions(["--help"])).toBeUndefined();
    for (const name of [
      ...ALL_EXPERIMENTS,
      "--preset",
      "--seeds",
      "--cifar-10",
      "--cifar-100",
      "--svhn",
      "--processes",
      "--fresh",
    ]) {
      expect(HELP).toContain(name);
    }
  });

  it.each([
    [["gradient"], /'gradient' is not an experiment: expected some of choose, classification, gradients, batch-size/],
    [["--preset", "fast"], /--preset must be quick or full, got 'fast'/],
    [["--processes", "0"], /--processes must be an integer from 1, got '0'/],
    [["--processes", "1.5"], /--processes must be an integer from 1, got '1\.5'/],
    [["--seeds=0"], /--seeds must be an integer from 1 to 200, got '0'/],
    [["--seeds=201"], /--seeds must be an integer from 1 to 200, got '201'/],
    [["--seeds=ten"], /--seeds must be an integer from 1 to 200, got 'ten'/],
    [["choose", "longer"], /choose comes before the other experiments: it must be alone, got choose, longer/],
    [["--svhn"], /--svhn/],
    [["--quick"], /--quick/],
  ])("refuses %j", (given, message) => {
    expect(() => parseOptions(given)).toThrow(OptionError);
    expect(() => parseOptions(given)).toThrow(message);
  });
});
