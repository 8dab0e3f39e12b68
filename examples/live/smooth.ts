/** The mean of each number and of up to `window - 1` before it. Numbers that are not finite give gaps (NaN). */
export function movingMeans(values: readonly number[], window: number): number[] {
  return values.map((_, i) => {
    const part = values.slice(Math.max(0, i - window + 1), i + 1);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** At most `most` of the numbers' indices, evenly spread, the last one always: what a curve needs to be drawn. */
export function thinned(count: number, most: number): number[] {
  const stride = Math.max(1, Math.ceil(count / most));
  const indices: number[] = [];
  for (let i = (count - 1) % stride; i < count; i += stride) if (i >= 0) indices.push(i);
  return indices;
}
