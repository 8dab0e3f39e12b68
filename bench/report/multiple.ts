import type { Row } from "../results.js";
import { type Measure, times } from "./format.js";

/** What every ratio is shown as: a row is so many times as fast as another contender, or, where it counts bytes, as large. */
export interface Multiple {
  quality: "fast" | "large";
  than: string;
  median: number;
  /** The quartiles around the median. */
  low: number;
  high: number;
}

/** How a measure is compared: more of it, or less of it, is faster or larger. */
function comparedBy(unit: Measure["unit"]): { quality: Multiple["quality"]; isCost: boolean } {
  return { quality: unit === "bytes" ? "large" : "fast", isCost: unit === "ms" || unit === "ns per element" };
}

export function quotient(value: number, other: number, unit: Measure["unit"]): Pick<Multiple, "quality"> & { median: number } {
  const { quality, isCost } = comparedBy(unit);
  return { quality, median: isCost ? other / value : value / other };
}

/** A row's ratio, which is of its time where it has one, else of its quantity. */
export function multipleOf({ timing, quantity, ratio }: Row): Multiple | undefined {
  if (!ratio) return undefined;
  const { quality, isCost } = comparedBy(timing ? "ms" : (quantity?.unit ?? "ms"));
  const { to, median, low, high } = ratio;
  const values = isCost ? { median: 1 / median, low: 1 / high, high: 1 / low } : { median, low, high };
  return { quality, than: to, ...values };
}

/** "times as fast as tf.batchNorm". */
export const relation = ({ quality, than }: Pick<Multiple, "quality" | "than">) => `times as ${quality} as ${than}`;

/** The median with the quartiles. */
export const spread = ({ median, low, high }: Multiple) => `${times(median)} (${times(low)}–${times(high)})`;
