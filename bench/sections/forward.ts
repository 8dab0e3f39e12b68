import { compare } from "../comparison.js";
import { add } from "../contenders/add.js";
import { batchNorm } from "../contenders/batchNorm.js";
import { standardizedUan, uanByBatchMoments } from "../contenders/batchUan.js";
import { composedUan } from "../contenders/composedUan.js";
import { batch } from "../contenders/layers.js";
import { multiplyAdd } from "../contenders/multiplyAdd.js";
import { uan } from "../contenders/uan.js";
import { SECTIONS, TABLES } from "../names.js";
import type { Section } from "../section.js";
import { NETWORK_CASES, TARGET_CASES } from "../shapes.js";

const note = "K = 3. tf.batchNorm uses given moments, as at inference, and batchNormalization the batch's.";

export const forward: Section = {
  name: SECTIONS.forward,
  question: "How fast is a forward pass of UAN, compared with batch normalization?",
  async run(context) {
    const table = { pass: "forward", axis: "activations", note } as const;
    const contenders = [batchNorm, uan, batch, multiplyAdd, add, standardizedUan, uanByBatchMoments];
    return [
      await compare(context, { title: TABLES.targets, ...table, cases: TARGET_CASES, contenders: [...contenders, composedUan] }),
      await compare(context, { title: "shapes of real networks", ...table, cases: NETWORK_CASES, contenders }),
    ];
  },
};
