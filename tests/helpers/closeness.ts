// These checks throw plain errors, because they also run in browsers and other runtimes, without vitest.

function checkLength(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) throw new Error(`wanted ${expected.length} numbers, got ${actual.length}`);
}

/** Throws unless |actual − expected| ≤ relative · (1 + |expected|) everywhere. NaN equals NaN, and infinity equals itself. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  checkLength(actual, expected);
  let worst = { i: -1, error: 0 };
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    if (Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e)) || a === e) continue;
    const error = Math.abs(a - e) / (1 + Math.abs(e));
    if (!(error <= worst.error)) worst = { i, error };
  }
  const { i, error } = worst;
  if (error <= relative) return;
  throw new Error(`at ${i}: wanted ${expected[i]} within ${relative}, got ${actual[i]}, an error of ${error}`);
}

/** The root mean square of the differences. */
export function rootMeanSquare(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const sum = Array.from(expected).reduce((total, e, i) => total + ((actual[i] as number) - e) ** 2, 0);
  return Math.sqrt(sum / expected.length);
}

/** Throws unless every error is at most `relative` times the largest expected entry, or times 1e-8 if all are smaller. */
export function expectCloseToLargest(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative: number,
  name: string,
): void {
  checkLength(actual, expected);
  const largest = Array.from(expected).reduce((most, e) => Math.max(most, Math.abs(e)), 1e-8);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number];
    const isClose = Math.abs(a - e) <= relative * largest;
    if (!isClose) throw new Error(`${name}[${i}]: wanted ${e} within ${relative} of ${largest}, got ${a}`);
  }
}
