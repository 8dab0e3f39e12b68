import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { EXPERIMENTS } from "../../paper/config.js";
import { HELP, parseOptions } from "../../paper/options.js";
import { PRESETS } from "../../paper/presets.js";
import { OptionError } from "../../reporting/program.js";

describe("parseOptions", () => {
  it("has defaults: everything, by the quick preset", () => {
    expect(parseOptions([])).toEqual({
      experiments: ["classification", "gradients", "batch-size", "components", "domain-adaptation"],
      preset: PRESETS.quick,
      folders: {},
      processes: availableParallelism(),
      fresh: false,
    });
  });

  it("puts experiments in the plan's order, each once", () => {
    expect(parseOptions(["components", "classification", "components"])?.experiments).toEqual(["classification", "components"]);
  });

  it("reads all options", () => {
    const given = "--preset full --seeds 5 --svhn a --cifar-10=b --cifar-100 c --processes 3 --fresh".split(" ");
    expect(parseOptions(given)).toMatchObject({
      preset: { ...PRESETS.full, seeds: [1, 2, 3, 4, 5] },
      folders: { svhn: "a", "cifar-10": "b", "cifar-100": "c" },
      processes: 3,
      fresh: true,
    });
  });

  it("is undefined for --help, and the help names every experiment and option", () => {
    expect(parseOptions(["--help"])).toBeUndefined();
    for (const name of [...EXPERIMENTS, "--preset", "--seeds", "--cifar-10", "--cifar-100", "--svhn", "--processes", "--fresh"]) {
      expect(HELP).toContain(name);
    }
  });

  it.each([
    [["gradient"], /'gradient' is not an experiment: expected some of classification, gradients, batch-size/],
    [["--preset", "fast"], /--preset must be quick or full, got 'fast'/],
    [["--processes", "0"], /--processes must be an integer from 1, got '0'/],
    [["--processes", "1.5"], /--processes must be an integer from 1, got '1\.5'/],
    [["--seeds=0"], /--seeds must be an integer from 1, got '0'/],
    [["--seeds=ten"], /--seeds must be an integer from 1, got 'ten'/],
    [["--svhn"], /--svhn/],
    [["--quick"], /--quick/],
  ])("refuses %j", (given, message) => {
    expect(() => parseOptions(given)).toThrow(OptionError);
    expect(() => parseOptions(given)).toThrow(message);
  });
});
