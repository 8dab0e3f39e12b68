// npx tsx examples/fineTuning/main.ts [DIGITS], after npm run build: a network that knows the digits 0 to 4 learns 5 to 9 with a new
// head, from few digits in small batches. What it had learned first stays, as its normalization is frozen as Keras freezes it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../learning/data/dataError.js";
import { firstDigits, readDigits } from "../../learning/data/digits.js";
import { mnistFolder } from "../../learning/data/mnist.js";
import { runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { BackendError } from "../../runtimes/backends.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { countArgument } from "../counts.js";
import { accuracy, freeze, makeBase, taskOf, train, withHead } from "./tune.js";

const FIRST_DIGITS = countArgument("DIGITS", 4000);
const FEW_DIGITS = Math.min(400, FIRST_DIGITS);
const TEST_DIGITS = 2000;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

async function main(): Promise<void> {
  await startNodeBackend("wasm");
  const folder = mnistFolder();
  const { training, test } = await readDigits((file) => readFile(join(folder, file)), FIRST_DIGITS, TEST_DIGITS);
  const [learned, asked] = [taskOf(training, 0), taskOf(firstDigits(training, FEW_DIGITS), 5)];
  const [learnedTest, askedTest] = [taskOf(test, 0), taskOf(test, 5)];

  const rows = [["frozen base", "0 to 4, before", "5 to 9", "0 to 4, after"]];
  for (const [name, asKeras] of [
    ["as Keras's", true],
    ["as tf.layers'", false],
  ] as const) {
    const base = makeBase();
    const first = withHead(base);
    await train(first, learned, 2, 32);
    const before = accuracy(first, learnedTest);
    freeze(base, asKeras);
    const second = withHead(base);
    await train(second, asked, 5, 4);
    rows.push([name, ...[before, accuracy(second, askedTest), accuracy(first, learnedTest)].map(percent)]);
  }
  console.log(`A base of the digits 0 to 4, and a new head for 5 to 9; test accuracies:\n${textTable(rows)}`);
}

await runProgram("fineTuning", main, DataError, BackendError);
