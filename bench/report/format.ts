import type { Row } from "../results.js";

/** Four significant digits, more only before the point. */
const significant = (value: number) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4));

export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${significant(milliseconds * 1000)} µs`;
  if (milliseconds < 10_000) return `${significant(milliseconds)} ms`;
  return `${significant(milliseconds / 1000)} s`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const power = Math.min(3, Math.floor(Math.log2(count) / 10));
  return `${Number((count / 1024 ** power).toPrecision(4))} ${["B", "KiB", "MiB", "GiB"][power]}`;
}

/** A multiple with three significant digits, more only before the point. */
export const times = (value: number) => (value < 1000 ? value.toPrecision(3) : value.toFixed(0));

const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  signDisplay: "exceptZero",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** How much more or less than 1 a quotient is. */
export const change = (value: number) => PERCENT.format(value - 1);

export const UNITS = {
  "ns per element": (value: number) => value.toFixed(value < 1 ? 3 : 2),
  ms: duration,
  bytes,
  "GFLOP/s": (value: number) => value.toFixed(1),
};

export interface Measure {
  value: number;
  unit: keyof typeof UNITS;
}

export function nsPerElement({ timing }: Row): number | undefined {
  return timing?.elements && (timing.median * 1e6) / timing.elements;
}

/** The one figure of a row that a chart shows, and that another run's is compared with. */
export function measure(row: Row): Measure | undefined {
  const value = nsPerElement(row);
  if (value !== undefined) return { value, unit: "ns per element" };
  return row.quantity ?? (row.timing && { value: row.timing.median, unit: "ms" });
}

/** With a short unit: "ns" is for nanoseconds per element. */
export function show({ value, unit }: Measure): string {
  const text = UNITS[unit](value);
  return unit === "ns per element" ? `${text} ns` : unit === "GFLOP/s" ? `${text} GFLOP/s` : text;
}
