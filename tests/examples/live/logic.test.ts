import { describe, expect, it } from "vitest";
import { oneHotOf, packDigits, pixelsOf, unpackDigits } from "../../../examples/live/digits.js";
import { binCenters, histogram } from "../../../examples/live/histogram.js";
import { centered, drawLine } from "../../../examples/live/ink.js";
import { componentDensities, effectiveMixture, owners, shownDensity } from "../../../examples/live/mixture.js";
import { fromBase64, parseModel, toBase64 } from "../../../examples/live/savedModel.js";
import { movingMeans, thinned } from "../../../examples/live/smooth.js";
import { activationText, curvesSummary, densitySummary, predictions, shares } from "../../../examples/live/summaries.js";
import { PIXELS, SIDE } from "../../../learning/data/digits.js";
import { generator, normal } from "../../../learning/random.js";

const sum = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((total, number) => total + number, 0);

describe("digits in a file", () => {
  const part = (labels: number[]) => ({
    count: labels.length,
    labels: Uint8Array.from(labels),
    images: Uint8Array.from({ length: labels.length * PIXELS }, (_, i) => (i * 7 + labels.length) % 256),
  });
  const digits = { training: part([3, 1, 9]), test: part([0, 7]) };

  it("come out as they went in", () => {
    expect(unpackDigits(packDigits(digits))).toEqual(digits);
  });

  it.each([
    [new Uint8Array(3), "digits: the file must have at least 8 bytes, got 3"],
    [packDigits(digits).subarray(0, 500), "digits: the file must have 3933 bytes for 3 training and 2 test digits, got 500"],
    [packDigits({ ...digits, test: part([0, 12]) }), "digits: labels must be 0 to 9, got 12"],
  ])("that are not digits give an error (%#)", (bytes, message) => {
    expect(() => unpackDigits(bytes)).toThrow(message);
  });

  it("are pixels from 0 to 1, and labels one-hot", () => {
    const { training } = digits;
    expect(pixelsOf(training, [1])[5]).toBeCloseTo((training.images[PIXELS + 5] as number) / 255, 6);
    expect(Array.from(oneHotOf(training, [2, 1]))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("a histogram", () => {
  it("of normal numbers is their density, within 0.03, and adds up to the part inside", () => {
    const shown = histogram(normal(generator(1), 50_000, 2, 5), 40);
    const mixture = { mean: [5], variance: [4], prior: [1] };
    const errors = binCenters(shown).map(
      (x, i) => (shown.densities[i] as number) - (componentDensities(mixture, x)[0] as number),
    );
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.03);
    expect(sum(shown.densities) * shown.width).toBeGreaterThan(0.999);
  });

  it("leaves out what is not finite, takes equal numbers and none, and is not pressed flat by one far number", () => {
    const some = histogram([1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY], 2);
    expect(some).toEqual({ start: 1, width: 1, densities: [1 / 3, 2 / 3] });
    const equal = histogram([7, 7, 7], 3);
    expect(equal.start).toBeLessThan(7);
    expect(sum(equal.densities) * equal.width).toBeCloseTo(1, 10);
    expect(sum(histogram([], 4).densities)).toBe(0);
    const { start, width } = histogram([...new Array(1000).fill(0).map((_, i) => i / 1000), 1e6], 10);
    expect(start + 10 * width).toBeLessThan(2e5);
  });
});

describe("a mixture", () => {
  it("has densities that integrate to the priors, within 1e-6", () => {
    const mixture = { mean: [-1, 2], variance: [0.25, 1], prior: [0.3, 0.7] };
    const step = 0.01;
    const densities = Array.from({ length: 2000 }, (_, i) => componentDensities(mixture, -10 + i * step));
    for (const k of [0, 1]) expect(sum(densities.map((of) => of[k] as number)) * step).toBeCloseTo(mixture.prior[k] as number, 6);
  });

  it("in the space of the activations is the layer's, moved and stretched by the moving averages", () => {
    const raw = { mean: [-1, 1], variance: [0, 1000], prior: [0, Math.log(3)], movingMean: 10, movingVariance: 3, epsilon: 1 };
    const { mean, variance, prior } = effectiveMixture(raw);
    expect(mean).toEqual([8, 12]);
    expect(variance[0]).toBeCloseTo(4 * (Math.log(2) + 1), 10);
    expect(variance[1]).toBeCloseTo(4 * 1001, 8);
    expect(prior[1]).toBeCloseTo(0.75, 12);
  });

  it("leaves room for bars up to three times as high as it is", () => {
    const mixture = { mean: [0], variance: [1], prior: [1] };
    const peak = 1 / Math.sqrt(2 * Math.PI);
    const bars = (densities: number[]) => ({ start: -1.5, width: 1, densities });
    expect(shownDensity(bars([0, 100, 0]), mixture)).toBeCloseTo(3 * peak, 6);
    expect(shownDensity(bars([0, 0.5, 0]), mixture)).toBe(0.5);
    expect(shownDensity(bars([0, 0.1, 0]), mixture)).toBeCloseTo(peak, 6);
  });

  it("gives each activation to the component with the largest responsibility", () => {
    expect(owners([0.2, 0.8, 0.6, 0.4, 0.5, 0.5], 2)).toEqual([1, 0, 0]);
    expect(shares([1, 0, 0, 0], 3)).toEqual([0.75, 0.25, 0]);
  });
});

describe("what is drawn", () => {
  it("is a line of ink from 0 to 1, and is moved to the middle", () => {
    const ink = new Float32Array(PIXELS);
    drawLine(ink, 4, 4, 4, 12);
    expect(Math.max(...ink)).toBe(1);
    expect(ink[8 * SIDE + 3]).toBe(1);
    expect(ink[20 * SIDE + 20]).toBe(0);
    const moved = centered(ink);
    expect(sum(moved)).toBeCloseTo(sum(ink), 4);
    expect(moved[14 * SIDE + 13]).toBe(1);
    expect(sum(centered(new Float32Array(PIXELS)))).toBe(0);
  });
});

describe("a saved model", () => {
  it("comes out of base64 as it went in", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  });

  it("is read from JSON, and anything else gives an error", () => {
    const model = { modelTopology: {}, weightSpecs: [], weights: "" };
    expect(parseModel(JSON.stringify({ ...model, more: 1 }))).toEqual(model);
    expect(() => parseModel("no")).toThrow("the file must hold a model in JSON, got text that is not JSON");
    expect(() => parseModel('{ "weights": 1 }')).toThrow("modelTopology, weightSpecs and weights, got weights");
    expect(() => parseModel("null")).toThrow("the file must hold a model");
  });
});

describe("curves", () => {
  it("are moving means, of few points, with the last", () => {
    expect(movingMeans([1, 3, 5, 7], 2)).toEqual([1, 2, 4, 6]);
    expect(thinned(7, 3)).toEqual([0, 3, 6]);
    expect(thinned(8, 3)).toEqual([1, 4, 7]);
    expect(thinned(2, 300)).toEqual([0, 1]);
    expect(thinned(0, 3)).toEqual([]);
  });
});

describe("pictures in words", () => {
  it("say the networks' last values", () => {
    const text = curvesSummary("Loss", { uan: 0.5, batch: undefined, none: 2 }, (value) => value.toFixed(1));
    expect(text).toBe("Loss by step, now: UAN 0.5; batch normalization not measured yet; no normalization 2.0");
  });

  it("say a channel's mixture, and what is read", () => {
    expect(densitySummary(0, { mean: [1], variance: [4], prior: [1] })).toContain(
      "channel 1, with its mixture: component 1: 100 % around 1.000 ± 2.000",
    );
    const row = (digit: number) => Array.from({ length: 10 }, (_, i) => (i === digit ? 0.91 : 0.01));
    expect(predictions({ uan: row(3), batch: row(0), none: row(9) }).map(({ digit }) => digit)).toEqual([3, 0, 9]);
  });

  it("say which component took an activation, the likeliest first", () => {
    const shown = { activations: Float32Array.of(1, -2), responsibilities: Float32Array.of(1, 0, 0.25, 0.75), width: 1 };
    expect(activationText(shown, 1)).toBe("row 2, column 1: activation -2.000, component 2 75 %, component 1 25 %");
  });
});
