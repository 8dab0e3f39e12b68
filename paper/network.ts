import * as tfl from "@tensorflow/tfjs-layers";
import type { Shape } from "../learning/data/dataset.js";
import { networkParts, perceptron, shallowCnn } from "../learning/networks.js";
import { layerSeed } from "../learning/random.js";
import { batchNorm, type MethodName, methodOf } from "./methods.js";

export interface NetworkConfig {
  /** The paper's shallow CNN, or a perceptron with hidden layers of 128 and 64 units. */
  network: "cnn" | "mlp";
  method: MethodName;
  /** K, for methods with a mixture. */
  components: number;
  /** Of the moving averages of methods without a prior mass. */
  momentum: number;
  /** Of methods with a prior mass: how many activations the moving moments count as. */
  priorMass: number;
  /** Of methods with a prior mass: how many images moving averages cover. */
  memory: number;
  /** After which convolutions the method normalizes. After "second", batch normalization follows the others. */
  normalizes: "second" | "all";
  /** The numbers of channels are multiplied by this. */
  width: number;
  /** For initial weights, and for random choices of a method. */
  seed: number;
}

/** A layer's random start uses so many consecutive seeds. */
const SEEDS_PER_LAYER = 3;
/** Seeds below it are for kernels. */
const FIRST_LAYER_SEED = 100;

/** A network from standardized images to logits. @param steps how many the run has */
export function buildNetwork(
  config: NetworkConfig,
  { height, width, channels }: Shape,
  classes: number,
  steps: number,
): tfl.Sequential {
  const { components, momentum, priorMass, memory } = config;
  const method = methodOf(config.method);
  const parts = networkParts(config.width, config.seed);
  let layers = 0;
  const tested = (channels: number) => {
    const seed = layerSeed(config.seed, FIRST_LAYER_SEED + SEEDS_PER_LAYER * layers++);
    return method.layer ? [method.layer({ channels, components, momentum, priorMass, memory, steps, seed })] : [];
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

/** The layers with kernels, which all methods have in common: the convolutions, then the dense layers. */
export function kernelLayers(network: tfl.Sequential): tfl.layers.Layer[] {
  return network.layers.filter((layer) => ["Conv2D", "Dense"].includes(layer.getClassName()));
}
