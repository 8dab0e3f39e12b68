import { norm_apply, norm_inference_prepare } from "../../assembly/normalization/apply";
import { norm_inference_apply } from "../../assembly/normalization/inference";
import { norm_prepare, norm_table_bytes } from "../../assembly/normalization/table";
import { free, getAt, intact, Random, room, setAt, UNWRITTEN, worse } from "./support";

const EPSILON: f64 = 1e-3;

function numbers(count: u32, low: f64, high: f64, random: Random): usize {
  const at = room(count << 2);
  for (let i: u32 = 0; i < count; i++) setAt(at, i, random.between(low, high));
  return at;
}

/** The largest error of norm_inference_apply, from float64, and −1 where it wrote outside of y. */
function worst(rows: u32, channels: u32, hasGamma: bool, hasBeta: bool): f64 {
  const random = new Random(rows * 100 + channels);
  const size = rows * channels;
  const x = numbers(size, -1, 3, random);
  const mean = numbers(channels, -1, 1, random);
  const variance = numbers(channels, 0.1, 2, random);
  const gamma = numbers(channels, 0.5, 2, random);
  const beta = numbers(channels, -1, 1, random);
  const y = room(size << 2);
  norm_inference_apply(x, mean, variance, hasGamma ? gamma : 0, hasBeta ? beta : 0, y, rows, channels, EPSILON);
  let error: f64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const c = i % channels;
    const g: f64 = hasGamma ? getAt(gamma, c) : 1;
    const b: f64 = hasBeta ? getAt(beta, c) : 0;
    const z = (<f64>getAt(x, i) - getAt(mean, c)) / Math.sqrt(<f64>getAt(variance, c) + EPSILON);
    error = worse(error, Math.abs(g * z + b - getAt(y, i)));
  }
  if (!intact(y, size << 2)) error = -1;
  free(x);
  free(mean);
  free(variance);
  free(gamma);
  free(beta);
  free(y);
  return error;
}

describe("norm_inference_apply", () => {
  it("is y to 1e-5, of any number of channels, with gamma and beta or without, and writes nowhere else", () => {
    for (let rows: u32 = 0; rows <= 17; rows += rows < 4 ? 1 : 13) {
      for (let channels: u32 = 0; channels <= 13; channels++) {
        for (let given = 0; given < 4; given++) {
          const error = worst(rows, channels, (given & 1) != 0, (given & 2) != 0);
          expect<f64>(error).toBeGreaterThanOrEqual(0, `${rows} × ${channels}`);
          expect<f64>(error).toBeLessThan(1e-5, `${rows} × ${channels}`);
        }
      }
    }
  });

  it("is what norm_apply makes by a table", () => {
    const channels: u32 = 11;
    const random = new Random(1);
    const x = numbers(3 * channels, -1, 3, random);
    const mean = numbers(channels, -1, 1, random);
    const variance = numbers(channels, 0.1, 2, random);
    const gamma = numbers(channels, 0.5, 2, random);
    const beta = numbers(channels, -1, 1, random);
    const y = room((3 * channels) << 2);
    const expected = room((3 * channels) << 2);
    const table = room(norm_table_bytes(channels, 1));
    norm_prepare(table, gamma, beta, 3 * channels, channels, 1, channels, EPSILON);
    norm_inference_prepare(table, mean, variance);
    norm_apply(table, x, expected, 0, 3 * channels);
    norm_inference_apply(x, mean, variance, gamma, beta, y, 3, channels, EPSILON);
    for (let i: u32 = 0; i < 3 * channels; i++) {
      expect<f32>(getAt(y, i)).not.toBe(UNWRITTEN);
      expect<f64>(Math.abs(<f64>getAt(y, i) - getAt(expected, i))).toBeLessThan(1e-6);
    }
  });

  it("is NaN and infinite without variance and epsilon, by a table, too", () => {
    const zero = room(4);
    const x = room(12);
    const y = room(24);
    const table = room(norm_table_bytes(1, 1));
    setAt(zero, 0, 0);
    for (let i = 0; i < 3; i++) setAt(x, i, <f32>(i - 1));
    norm_inference_apply(x, zero, zero, 0, 0, y, 3, 1, 0);
    norm_prepare(table, 0, 0, 3, 1, 1, 1, 0);
    norm_inference_prepare(table, zero, zero);
    norm_apply(table, x, y + 12, 0, 3);
    for (let i = 0; i < 6; i += 3) {
      expect<f32>(getAt(y, i)).toBe(-Infinity);
      expect<bool>(isNaN(getAt(y, i + 1))).toBe(true);
      expect<f32>(getAt(y, i + 2)).toBe(Infinity);
    }
  });
});
