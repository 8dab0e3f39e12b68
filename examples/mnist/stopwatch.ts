import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/**
 * Times layers within training steps, forward and backward. A layer is between two marks, which pass tensors and gradients on
 * unchanged and note the time. Backpropagation goes through a sequential network layer by layer, so that only the layer's work is
 * done between its two marks. The time is right only if operations are complete when their call returns, as on 'wasm' and 'cpu'.
 */
export class Stopwatch {
  private total = 0;
  private startedAt = 0;
  private readonly start = () => {
    this.startedAt = performance.now();
  };
  private readonly stop = () => {
    this.total += performance.now() - this.startedAt;
  };

  /** The layer between its marks. */
  around(layer: tfl.layers.Layer): tfl.layers.Layer[] {
    return [new Mark(this.start, this.stop), layer, new Mark(this.stop, this.start)];
  }

  /** Seconds since the last call of this method. */
  lap(): number {
    const seconds = this.total / 1000;
    this.total = 0;
    return seconds;
  }
}

class Mark extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "Mark";
  private readonly pass: (x: tf.Tensor) => tf.Tensor;

  constructor(
    private readonly forward: () => void,
    backward: () => void,
  ) {
    super({});
    const gradFunc = (dy: tf.Tensor) => {
      backward();
      return tf.clone(dy);
    };
    this.pass = tf.customGrad((x) => ({ value: tf.clone(x as tf.Tensor), gradFunc }));
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training }: { training?: boolean }): tf.Tensor {
    const x = inputs instanceof tf.Tensor ? inputs : (inputs[0] as tf.Tensor);
    if (training !== true) return x;
    const y = this.pass(x);
    this.forward();
    return y;
  }
}
