import { compare } from "../comparison.js";
import { batchNorm } from "../contenders/batchNorm.js";
import { standardizedUan, uanByBatchMoments } from "../contenders/batchUan.js";
import { composedUan } from "../contenders/composedUan.js";
import { batch } from "../contenders/layers.js";
import { multiplyAdd } from "../contenders/multiplyAdd.js";
import { uan } from "../contenders/uan.js";
import { SECTIONS, TABLES } from "../names.js";
import type { Section } from "../section.js";
import { NETWORK_CASES, TARGET_CASES } from "../shapes.js";

const note =
  "K = 3; forward and backward pass, with the gradients of x and of all parameters. tf.batchNorm means tf.moments and tf.batchNorm.";

export const training: Section = {
  name: SECTIONS.training,
  question: "How fast are forward and backward pass of UAN, compared with batch normalization?",
  async run(context) {
    const table = { pass: "training", axis: "activations", note } as const;
    const contenders = [batchNorm, uan, batch, multiplyAdd, standardizedUan, uanByBatchMoments];
    return [
      await compare(context, { title: TABLES.targets, ...table, cases: TARGET_CASES, contenders: [...contenders, composedUan] }),
      await compare(context, { title: "shapes of real networks", ...table, cases: NETWORK_CASES, contenders }),
    ];
  },
};
