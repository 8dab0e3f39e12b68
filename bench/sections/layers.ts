import { compare } from "../comparison.js";
import { batchNorm, replacedBatchNorm } from "../contenders/batchNorm.js";
import type { Contender, Pass } from "../contenders/contender.js";
import { batch, batchInference, group, instance, layer, layerOfTfjs, shrunkBatch } from "../contenders/layers.js";
import { mixture } from "../contenders/mixture.js";
import { multiplyAdd } from "../contenders/multiplyAdd.js";
import { uan } from "../contenders/uan.js";
import { EM_STEPS, LAYER_TABLES, SECTIONS } from "../names.js";
import type { ResultTable } from "../results.js";
import type { Section } from "../section.js";
import { TARGET_CASES } from "../shapes.js";

const BATCH = "In training, tf.batchNorm means tf.moments and tf.batchNorm.";
const LAYER =
  "tf.layers.layerNormalization is the layer's computation; on many positions its training step would take minutes. 32 groups; " +
  "instance normalization needs spatial axes.";
const MIXTURE = "K = 3; tfjs-uan is UAN with a given mixture.";

const TABLES: [title: string, pass: Pass, note: string, contenders: Contender[]][] = [
  [LAYER_TABLES.inference, "forward", BATCH, [batchNorm, replacedBatchNorm, batchInference, multiplyAdd]],
  [LAYER_TABLES.step, "training", BATCH, [batchNorm, batch, shrunkBatch, multiplyAdd]],
  [LAYER_TABLES.layerForward, "forward", LAYER, [layer, group, instance, layerOfTfjs]],
  [LAYER_TABLES.layerTraining, "training", LAYER, [layer, group, instance, layerOfTfjs]],
  [LAYER_TABLES.mixtureForward, "forward", MIXTURE, [uan, ...EM_STEPS.map(mixture)]],
  [LAYER_TABLES.mixtureTraining, "training", MIXTURE, [uan, ...EM_STEPS.map(mixture)]],
];

export const layers: Section = {
  name: SECTIONS.layers,
  question: "How fast are batch, layer, group, instance and mixture normalization?",
  async run(context) {
    const tables: ResultTable[] = [];
    for (const [title, pass, note, contenders] of TABLES) {
      tables.push(await compare(context, { title, pass, note, axis: "activations", contenders, cases: TARGET_CASES }));
    }
    return tables;
  },
};
