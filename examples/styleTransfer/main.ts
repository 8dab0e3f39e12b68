// npx tsx examples/styleTransfer/main.ts [STEPS], after npm run build: a network with instance normalization learns to draw any image in
// the style of one, and writes images before and after to out/styleTransfer.html. Half a minute.
import { mkdir, writeFile } from "node:fs/promises";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { countArgument } from "../counts.js";
import { contentImages, styleImage } from "./images.js";
import { pageOf } from "./page.js";
import { StyleTransfer } from "./transfer.js";

const STEPS = countArgument("STEPS", 200);
const BATCH_SIZE = 4;

await tf.setBackend("wasm");
const style = styleImage();
const transfer = new StyleTransfer(style);
for (let step = 0; step < STEPS; step++) {
  const images = contentImages(BATCH_SIZE, step);
  const { content, style } = transfer.step(images);
  images.dispose();
  if (step % 20 === 0) console.log(`step ${step}: content ${content.toFixed(4)}, style ${style.toFixed(6)}`);
}
const images = contentImages(4, 1e6);
const drawn = transfer.model.predict(images) as tf.Tensor4D;
await mkdir("out", { recursive: true });
const asList = (images: tf.Tensor4D) => tf.unstack(images) as tf.Tensor3D[];
await writeFile(
  "out/styleTransfer.html",
  pageOf({ style: asList(style), images: asList(images), "in the style": asList(drawn) }),
);
console.log("out/styleTransfer.html shows images before and after");
