import { expect } from "vitest";

/** Fails unless |actual − expected| ≤ relative · (1 + |expected|) everywhere; NaN equals NaN, infinity itself. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = { i: -1, error: 0 };
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    if (Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e)) || a === e) continue;
    const error = Math.abs(a - e) / (1 + Math.abs(e));
    if (!(error <= worst.error)) worst = { i, error };
  }
  const { i, error } = worst;
  expect(error <= relative, `at ${i}: got ${actual[i]}, wanted ${expected[i]} within ${relative}, off by ${error}`).toBe(true);
}

/** The root mean square of the difference. */
export function rootMeanSquare(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const sum = Array.from(expected).reduce((total, e, i) => total + ((actual[i] as number) - e) ** 2, 0);
  return Math.sqrt(sum / expected.length);
}

/** Fails unless every entry is within `relative` of the largest entry, or of 1e-8 where all are smaller. */
export function expectCloseToLargest(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
  name: string,
): void {
  expect(actual.length).toBe(expected.length);
  const largest = Array.from(expected).reduce((most, e) => Math.max(most, Math.abs(e)), 1e-8);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    const isClose = Math.abs(a - e) <= relative * largest;
    if (!isClose) expect.fail(`${name}[${i}]: got ${a}, wanted ${e} within ${relative} of ${largest}`);
  }
}
