import * as tfl from "@tensorflow/tfjs-layers";
import type { Shape } from "../learning/data/dataset.js";
import { networkParts, perceptron, shallowCnn } from "../learning/networks.js";
import { layerSeed } from "../learning/random.js";
import { batchNorm, type MethodName, methodOf } from "./methods.js";

export interface NetworkConfig {
  /** The paper's shallow CNN, or a perceptron of hidden layers of 128 and 64 units. */
  network: "cnn" | "mlp";
  method: MethodName;
  /** K of the methods with a mixture. */
  components: number;
  /** How much a step keeps of moving moments, wherever there are some. */
  momentum: number;
  /** After which convolutions the method normalizes. After "second", batch normalization follows the others. */
  normalizes: "second" | "all";
  /** What the numbers of channels are multiplied with. */
  width: number;
  /** Of the initial weights, and of whatever is random in a method. */
  seed: number;
}

/** A random start draws from as many seeds, from the one that it is given on; kernels have those below the first. */
const SEEDS = 3;
const FIRST_SEED = 100;

/** From standardized images to logits. */
export function buildNetwork(config: NetworkConfig, { height, width, channels }: Shape, classes: number): tfl.Sequential {
  const { components, momentum } = config;
  const method = methodOf(config.method);
  const parts = networkParts(config.width, config.seed);
  let layers = 0;
  const tested = (channels: number) => {
    const seed = layerSeed(config.seed, FIRST_SEED + SEEDS * layers++);
    return method.layer ? [method.layer({ channels, components, momentum, seed })] : [];
  };
  const batch = () => [batchNorm({ momentum })];
  const others = config.normalizes === "all" ? tested : batch;
  const features =
    config.network === "cnn"
      ? shallowCnn(parts, [others, tested, others, others])
      : [tfl.layers.flatten(), ...perceptron(parts, tested)];
  const logits = tfl.layers.dense({ units: classes, kernelInitializer: parts.weights() });
  return tfl.sequential({
    layers: [tfl.layers.inputLayer({ inputShape: [height, width, channels] }), ...features, logits],
  });
}

/** The layers whose kernels all methods have: the convolutions, then the dense one. */
export function kernelLayers(network: tfl.Sequential): tfl.layers.Layer[] {
  return network.layers.filter((layer) => ["Conv2D", "Dense"].includes(layer.getClassName()));
}
