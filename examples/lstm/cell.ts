import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { layerNormalization } from "tfjs-uan";

const GATES = 4;

export interface LayerNormalizedLSTMCellArgs {
  /** How many numbers the cell remembers. */
  units: number;
  /** Of the kernels that training starts from. */
  seed?: number;
  name?: string;
}

/**
 * An LSTM's cell with layer normalization inside (Ba, Kiros, Hinton, "Layer Normalization", arXiv 1607.06450, equations 20 to 22): what
 * comes from the input, what comes from the last step, and the cell's state are normalized by themselves, each step anew. A layer
 * after an LSTM cannot do so. To be used as tf.layers.rnn({ cell }).
 */
export class LayerNormalizedLSTMCell extends tfl.layers.RNNCell {
  static readonly className = "LayerNormalizedLSTMCell";
  readonly stateSize: number[];
  private readonly units: number;
  private readonly seed: number;
  private readonly parts: { [name: string]: tfl.LayerVariable } = {};

  constructor({ units, seed = 1, name }: LayerNormalizedLSTMCellArgs) {
    super({ name });
    this.units = units;
    this.seed = seed;
    this.stateSize = [units, units];
  }

  override build(inputShape: tfl.Shape): void {
    const { units } = this;
    const inputs = inputShape.at(-1) as number;
    const add = (name: string, shape: number[], initializer: ReturnType<typeof tfl.initializers.ones>) => {
      this.parts[name] = this.addWeight(name, shape, "float32", initializer);
    };
    add("kernel", [inputs, GATES * units], tfl.initializers.glorotUniform({ seed: this.seed }));
    add("recurrent_kernel", [units, GATES * units], tfl.initializers.glorotUniform({ seed: this.seed + 1 }));
    add("bias", [GATES * units], tfl.initializers.zeros());
    for (const name of ["kernel_gamma", "recurrent_gamma"]) add(name, [GATES * units], tfl.initializers.ones());
    add("state_gamma", [units], tfl.initializers.ones());
    add("state_beta", [units], tfl.initializers.zeros());
    this.built = true;
  }

  /** @param inputs the step's input [batch, inputs], the last step's output and state [batch, units] @returns output, output, state */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
    return tf.tidy(() => {
      const [x, h, c] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const part = (name: string) => (this.parts[name] as tfl.LayerVariable).read();
      const fromInput = layerNormalization(tf.matMul(x, part("kernel") as tf.Tensor2D), { gamma: part("kernel_gamma") });
      const recurrent = tf.matMul(h, part("recurrent_kernel") as tf.Tensor2D);
      const fromLast = layerNormalization(recurrent, { gamma: part("recurrent_gamma") });
      const [i, f, g, o] = tf.split(tf.add(tf.add(fromInput, fromLast), part("bias")), GATES, 1) as tf.Tensor2D[];
      // Forgetting starts at sigmoid(1), as in tf.layers.lstm (unitForgetBias).
      const kept = tf.mul(tf.sigmoid(tf.add(f as tf.Tensor2D, 1)), c);
      const state = tf.add(kept, tf.mul(tf.sigmoid(i as tf.Tensor2D), tf.tanh(g as tf.Tensor2D)));
      const normalized = layerNormalization(state, { gamma: part("state_gamma"), beta: part("state_beta") });
      const output = tf.mul(tf.sigmoid(o as tf.Tensor2D), tf.tanh(normalized));
      return [output, output, state];
    });
  }

  override getConfig() {
    return { ...super.getConfig(), units: this.units, seed: this.seed };
  }
}
tf.serialization.registerClass(LayerNormalizedLSTMCell);
