// Checks of JSON that was read. An error says where in it the fault is, what was wanted, and what came.

/** Throws unless a value is what is wanted. `at` says where the value stands. */
export type Check = (value: unknown, at: string) => void;

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

export function oneOf(...values: unknown[]): Check {
  return (value, at) => {
    if (!values.includes(value)) refuse(at, values.map((v) => JSON.stringify(v)).join(" or "), value);
  };
}

/** @param least the number of items that it must have at least */
export function list(item: Check, least = 0): Check {
  return (value, at) => {
    if (!Array.isArray(value)) refuse(at, "a list", value);
    if (value.length < least) refuse(at, `at least ${least} in the list`, value);
    value.forEach((entry, i) => {
      item(entry, `${at}[${i}]`);
    });
  };
}

export function record(item: Check): Check {
  return (value, at) => {
    if (!isObject(value)) refuse(at, "an object", value);
    for (const [key, entry] of Object.entries(value)) item(entry, `${at}.${key}`);
  };
}

export function object(fields: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  return (value, at) => {
    if (!isObject(value)) refuse(at, "an object", value);
    for (const [key, check] of Object.entries(fields)) check(value[key], `${at}.${key}`);
    for (const [key, check] of Object.entries(optional)) if (value[key] !== undefined) check(value[key], `${at}.${key}`);
  };
}

export const [string, number, boolean] = [kind("string"), kind("number"), kind("boolean")];
