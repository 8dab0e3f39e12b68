export interface Histogram {
  /** The left edge of the first bin. */
  start: number;
  /** How wide a bin is. */
  width: number;
  /** Densities: together, times the width, they are the part of the numbers that lies inside, at most 1. */
  densities: number[];
}

/** How many deviations of the numbers the bins reach to each side of their mean, at most. */
const REACH = 4;

/**
 * How densely numbers lie, in bins of the same width from the smallest to the largest, but not further than 4 deviations from the
 * mean. Numbers that are not finite are left out. Equal numbers lie in bins around them.
 */
export function histogram(values: ArrayLike<number>, bins: number): Histogram {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return { start: 0, width: 1 / bins, densities: new Array(bins).fill(0) };
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const deviation = Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length);
  const [least, most] = finite.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [mean, mean]);
  const half = 1e-3 * Math.max(1, Math.abs(mean));
  const start = deviation > 0 ? Math.max(least, mean - REACH * deviation) : mean - half;
  const end = deviation > 0 ? Math.min(most, mean + REACH * deviation) : mean + half;
  const width = (end - start) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) {
    if (value < start || value > end) continue;
    const bin = Math.min(bins - 1, Math.floor((value - start) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { start, width, densities: counts.map((count) => count / (finite.length * width)) };
}

export const binCenters = ({ start, width, densities }: Histogram): number[] =>
  densities.map((_, i) => start + (i + 0.5) * width);
