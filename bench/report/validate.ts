import type { Report } from "../results.js";

/** Throws where a value is not what was wanted. */
type Check = (value: unknown, at: string) => void;

function refuse(at: string, wanted: string, value: unknown): never {
  const json = JSON.stringify(value) ?? "nothing";
  throw new Error(`${at}: wanted ${wanted}, got ${json.length > 60 ? `${json.slice(0, 60)}…` : json}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function kind(name: "string" | "number" | "boolean"): Check {
  return (value, at) => {
    if (typeof value !== name) refuse(at, `a ${name}`, value);
  };
}

function oneOf(...values: unknown[]): Check {
  return (value, at) => {
    if (!values.includes(value)) refuse(at, values.map((v) => JSON.stringify(v)).join(" or "), value);
  };
}

function list(item: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) refuse(at, "a list", value);
    value.forEach((entry, i) => {
      item(entry, `${at}[${i}]`);
    });
  };
}

function record(item: Check): Check {
  return (value, at) => {
    if (!isObject(value)) refuse(at, "an object", value);
    for (const [key, entry] of Object.entries(value)) item(entry, `${at}.${key}`);
  };
}

function object(fields: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  return (value, at) => {
    if (!isObject(value)) refuse(at, "an object", value);
    for (const [key, check] of Object.entries(fields)) check(value[key], `${at}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (value[key] !== undefined) check(value[key], `${at}.${key}`);
  };
}

const [string, number, boolean] = [kind("string"), kind("number"), kind("boolean")];

const row = object(
  { case: string, contender: string },
  {
    x: number,
    timing: object({ median: number, minimum: number, samples: number }, { elements: number, bytes: number }),
    quantity: object({ value: number, unit: oneOf("bytes", "ms", "GFLOP/s") }),
    ratio: object({ to: string, median: number, low: number, high: number }),
  },
);
const table = object({ title: string, axis: string, rows: list(row) }, { note: string });

const report = object(
  {
    version: oneOf(1),
    date: string,
    quick: boolean,
    machine: object({ cpu: string, cores: number, memoryBytes: number, platform: string }),
    runtime: object({ name: string, version: string }),
    versions: record(string),
    sections: list(object({ name: string, title: string, tables: list(table) })),
  },
  { backend: object({ name: string }, { simd: boolean, threads: number, device: string, software: boolean }) },
);

/** Throws unless the value is a report of version 1; the message names the place in it, which begins with `at`. */
export function checkReport(value: unknown, at: string): asserts value is Report {
  report(value, at);
}
