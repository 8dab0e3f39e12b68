import { describe, expect, it } from "vitest";
import { FORMATS, type Format, spreadText, wrapped } from "../../../paper/report/format.js";

const NAN = Number.NaN;

describe("spreadText", () => {
  it.each<[string, number[], Format, string]>([
    ["shares in percent", [0.95, 0.953, 0.956], FORMATS.percent, "95.3 ± 0.3"],
    ["losses", [0.1, 0.2, 0.3], FORMATS.loss, "0.200 ± 0.100"],
    ["degrees", [10, 20, 30], FORMATS.degrees, "20.0 ± 10.0"],
    ["three digits of a small mean", [0.001234, 0.001244, 0.001254], FORMATS.significant, "0.00124 ± 0.00001"],
    ["three digits of a large mean", [1234, 1244, 1254], FORMATS.significant, "1244 ± 10"],
    ["nothing but zeros", [0, 0, 0], FORMATS.significant, "0.00 ± 0.00"],
    ["a single value of three", [0.5], FORMATS.percent, "50.0, n = 1"],
    ["two values of three", [0.5, 0.5], FORMATS.percent, "50.0 ± 0.0, n = 2"],
    ["no value", [], FORMATS.percent, "–"],
    ["a diverged run", [0.5, NAN, 0.5], FORMATS.percent, "1 of 3 diverged"],
    ["diverged runs alone", [NAN, NAN], FORMATS.percent, "diverged"],
    ["what grew without end", [Number.POSITIVE_INFINITY], FORMATS.loss, "diverged"],
  ])("writes %s", (_, values, format, text) => {
    expect(spreadText(values, format, 3)).toBe(text);
  });

  it("puts the unit before the number of values", () => {
    expect(spreadText([0.5, 0.5], FORMATS.percent, 3, " %")).toBe("50.0 ± 0.0 %, n = 2");
  });
});

it("wrapped breaks lines only at spaces", () => {
  expect(wrapped("one two three fourteen", 7)).toBe("one two\nthree\nfourteen");
});

it("wrapped begins no line with a Markdown marker of a list, a heading or a quotation", () => {
  expect(wrapped("14 x 14 x 1. Network: - # > 1.5", 9)).toBe("14 x 14 x 1.\nNetwork: - # >\n1.5");
});
