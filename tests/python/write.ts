import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { writeModel } from "../../runtimes/modelFiles.js";
import { fitted } from "./fitted.js";
import { MODELS } from "./models.js";
import { trainEveryLayer } from "./steps.js";

// npx tsx tests/python/write.ts: writes python/tests/data.

const folder = fileURLToPath(new URL("../../python/tests/data/", import.meta.url));
await tf.setBackend("cpu");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const steps = (await trainEveryLayer()).map((one) => JSON.stringify(one));
writeFileSync(`${folder}steps.json`, `[\n${steps.join(",\n")}\n]\n`);
for (const [name, make] of Object.entries(MODELS)) {
  const { data, ...files } = await fitted(make());
  await writeModel(`${folder}${name}`, files);
  writeFileSync(`${folder}${name}/predictions.json`, `${JSON.stringify(data)}\n`);
}
