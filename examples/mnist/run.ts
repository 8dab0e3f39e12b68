import { type ReadFile, readDigits } from "../../learning/data/digits.js";
import { contenders } from "./models.js";
import type { Options } from "./options.js";
import { type Result, trainAll, type Watcher } from "./train.js";

/** Runs the example on the current backend. */
export async function run(options: Options, read: ReadFile, watcher: Watcher): Promise<Result[]> {
  const { training, test } = await readDigits(read, options.digits, options.testDigits);
  return trainAll(contenders(options.components), options, training, test, watcher);
}
