import * as tf from "@tensorflow/tfjs-core";
import { mixtureNormalization } from "tfjs-uan";
import { composedKMeansInit } from "../../src/composed/mixtureNorm.js";
import { checkAgreement } from "../check.js";
import { composedMixture, fitMixture } from "../composedMixture.js";
import { mixtureName } from "../names.js";
import { EPSILON } from "../problem.js";
import { type Contender, type Operation, trainingStep } from "./contender.js";

const COMPONENTS = 3;
const SEED = 1;

export function mixture(emSteps: number): Contender {
  const name = mixtureName(emSteps);
  const ours: Operation = (x, gamma, beta) =>
    mixtureNormalization(x, { numComponents: COMPONENTS, emSteps, seed: SEED, epsilon: EPSILON, gamma, beta });
  return {
    name,
    async check(pass, { x, dy, gamma, beta }) {
      const nu = tf.tidy(() => {
        const rows = tf.reshape(x, [-1, gamma.size]);
        const draws = tf.randomUniform([COMPONENTS], 0, 1, "float32", SEED);
        const [prior, mean, variance] = composedKMeansInit({ x: rows, draws }) as [tf.Tensor, tf.Tensor, tf.Tensor];
        return fitMixture(rows, { prior, mean, variance }, emSteps);
      });
      const composed: Operation = (x, gamma, beta) => composedMixture(nu, x, gamma, beta);
      await checkAgreement(name, pass, ours, composed, [x, gamma, beta], dy);
      nu.dispose();
    },
    calls: ({ x, dy, gamma, beta }) => ({
      forward: () => ours(x, gamma, beta).dispose(),
      training: trainingStep(ours, [x, gamma, beta], dy),
    }),
  };
}
