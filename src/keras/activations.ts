import { add, clipByValue, exp, mul, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { hasClass, registerActivation } from "../tensorflow/layerClasses.js";
import type { KerasVersion } from "./topologyTypes.js";

/** What tf.layers has, by the name in Keras. */
const OF_TENSORFLOW = new Set(
  "elu selu relu relu6 linear sigmoid hard_sigmoid softplus softsign tanh softmax log_softmax swish mish gelu".split(" "),
);

/** relu6(x + 3) / 6: what Keras 3 calls hard_sigmoid. That of Keras 2 and of TensorFlow.js is steeper. */
const hardSigmoid = (x: Tensor) => clipByValue(add(mul(x, 1 / 6), 0.5), 0, 1);

/** What Keras has, and tf.layers has not. They are registered, so that models that were read can be saved and loaded again. */
const OF_KERAS: Record<string, (x: Tensor) => Tensor> = {
  keras3HardSigmoid: hardSigmoid,
  hardSilu: (x) => mul(x, hardSigmoid(x)),
  exponential: exp,
};
for (const [name, compute] of Object.entries(OF_KERAS)) registerActivation(name, (x) => tidy(() => compute(x)));

const SYNONYMS: Record<string, string> = {
  silu: "swish",
  hard_silu: "hardSilu",
  hard_swish: "hardSilu",
  exponential: "exponential",
  keras3HardSigmoid: "keras3HardSigmoid",
  hardSilu: "hardSilu",
};

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The name that tf.layers knows an activation of Keras by, or undefined where it knows none. */
export function activationNamed(name: string, { isKeras3 }: KerasVersion): string | undefined {
  if (name === "hard_sigmoid" && isKeras3) return "keras3HardSigmoid";
  if (OF_TENSORFLOW.has(name)) return name;
  return SYNONYMS[name] ?? (hasClass(camelCase(name)) ? name : undefined);
}
