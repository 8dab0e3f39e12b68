// npx tsx examples/wganGp/main.ts [STEPS], after npm run build: a Wasserstein GAN with a gradient penalty learns to draw round spots.
// The penalty's gradient is one of second order, through layer normalization. Half a minute.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { countArgument } from "../counts.js";
import { Gan, realImages, SIDE } from "./gan.js";

const STEPS = countArgument("STEPS", 300);
const SHADES = " .:-=+*#%@";

/** Images beside one another, in letters. */
function asText(images: tf.Tensor4D): string {
  const values = images.arraySync() as number[][][][];
  const letter = (value: number) => (SHADES[Math.min(9, Math.floor(10 * value))] as string).repeat(2);
  const line = (row: number) =>
    values.map((image) => (image[row] as number[][]).map(([v]) => letter(v as number)).join("")).join("|");
  return Array.from({ length: SIDE }, (_, row) => line(row)).join("\n");
}

await tf.setBackend("wasm");
const gan = new Gan();
for (let step = 1; step <= STEPS; step++) {
  const { distance, penalty } = gan.step();
  if (step % 20 === 0 || step === STEPS)
    console.log(`step ${step}: distance ${distance.toFixed(3)}, penalty ${penalty.toFixed(4)}`);
}
for (const [name, images] of Object.entries({ real: realImages(6, 1), made: gan.images(6) })) {
  console.log(`\n${name}:\n${asText(images)}`);
  images.dispose();
}
gan.dispose();
