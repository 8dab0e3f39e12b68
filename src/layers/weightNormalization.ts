import {
  add,
  div,
  maximum,
  moments,
  mul,
  neg,
  ones,
  reshape,
  rsqrt,
  type serialization,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
  tile,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { initializerOf, registerLayer } from "../tensorflow/layerClasses.js";
import { assignTo, castOnWrite } from "../tensorflow/weights.js";
import { KernelWrapper, type WrapperArgs } from "./kernelWrapper.js";

/** Arguments of {@link weightNormalization}. */
export interface WeightNormalizationArgs extends WrapperArgs {
  /**
   * Whether the first batch that the layer sees, in training or inference, sets the lengths, and the layer's bias, so that its outputs
   * have mean 0 and variance 1. Else they start as they are. Default true, as in TensorFlow Addons.
   */
  dataInit?: boolean;
}

/** tf.layers' activation that does nothing. */
const LINEAR = (tfl.layers.activation({ activation: "linear", name: "tfjs_uan" }) as unknown as { activation: object })
  .activation;

type Weight = tfl.LayerVariable;
type Properties = Record<string, unknown>;

/** Calls a function while some properties of objects have other values. */
function withProperties<T>(changes: [object: object, name: string, value: unknown][], call: () => T): T {
  const before = changes.map(([object, name]) => Object.getOwnPropertyDescriptor(object, name));
  try {
    for (const [object, name, value] of changes) (object as Properties)[name] = value;
    return call();
  } finally {
    changes.forEach(([object, name], i) => {
      const descriptor = before[i];
      if (descriptor) Object.defineProperty(object, name, descriptor);
      else Reflect.deleteProperty(object, name);
    });
  }
}

/**
 * Has a layer's kernel v stand for directions alone, and trains its lengths g by themselves: the kernel is g·v/‖v‖, for each of its
 * last axis's C columns (Salimans, Kingma, "Weight Normalization", arXiv 1602.07868), as TensorFlow Addons' WeightNormalization. Of
 * recurrent layers it is the recurrent kernel. It is saved under that name.
 *
 * Weights: g [C]; those of the layer; initialized [], a bool; and with dataInit copies of the layer's, which the first batch is put
 * through. Input and output: those of the layer.
 */
export class WeightNormalization extends KernelWrapper {
  /** @nocollapse */
  static readonly className = "Addons>WeightNormalization";

  readonly dataInit: boolean;
  private lengths!: Weight;
  private initialized!: Weight;
  /** Whether `initialized` is true, where that is known. */
  private isInitialized: boolean | undefined;
  /** Copies of the layer's weights, each beside it. */
  private copies: [weight: Weight, copy: Weight][] = [];

  constructor(args: WeightNormalizationArgs) {
    super(args);
    this.dataInit = args.dataInit ?? true;
  }

  /** Where the layer has its kernel. */
  private holder(): [object: Record<string, Weight | undefined>, name: string] {
    const { layer } = this;
    if (layer instanceof tfl.RNN) return [layer.cell as never, "recurrentKernel"];
    return [layer as never, "kernel"];
  }

  private get kernel(): Weight {
    const [object, name] = this.holder();
    return object[name] as Weight;
  }

  protected override buildFor(): void {
    const channels = this.kernel?.shape.at(-1);
    if (typeof channels !== "number") {
      const got = `'${this.layer.name}', a ${this.layer.getClassName()}`;
      throw argumentError(this.name, "layer", "have a weight that is its kernel", got);
    }
    const { zeros } = tfl.initializers;
    this.lengths = this.addOwnWeight("g", [channels], tfl.initializers.ones(), { isTrained: true });
    this.initialized = this.addOwnWeight("initialized", [], zeros(), { dtype: "bool" });
    castOnWrite(this.initialized, () => {
      this.isInitialized = undefined;
    });
    if (!this.dataInit) return;
    this.copies = this.layer.weights.map((weight) => {
      const name = `data_dep_init/${weight.originalName.split("/").at(-1)}`;
      const initializer = initializerOf(() => weight.read().clone());
      return [weight, this.addOwnWeight(name, weight.shape as number[], initializer)];
    });
  }

  /** Where it is not known, the weight has just been set, and is not on a device yet. */
  private get isReady(): boolean {
    this.isInitialized ??= this.initialized.read().dataSync()[0] !== 0;
    return this.isInitialized;
  }

  protected override callLayer(inputs: Tensor | Tensor[], kwargs: object): Tensor | Tensor[] {
    if (!this.isReady) this.initialize(inputs, kwargs);
    const values = this.kernel.read();
    const kernel = mul(mul(values, rsqrt(maximum(this.squares(), 1e-12))), this.lengths.read());
    return withProperties([[...this.holder(), { read: () => kernel }]], () => this.layer.call(inputs, kwargs as never));
  }

  /** The squares of the lengths of the kernel's columns, [C]. */
  private squares(): Tensor {
    const values = this.kernel.read();
    return sum(square(reshape(values, [-1, values.shape.at(-1) as number])), 0);
  }

  private initialize(inputs: Tensor | Tensor[], kwargs: object): void {
    tidy(() => {
      if (this.dataInit) this.initializeByData(inputs, kwargs);
      else assignTo(this.lengths, sqrt(this.squares()));
      this.initialized.write(ones([]));
      this.isInitialized = true;
    });
  }

  private initializeByData(inputs: Tensor | Tensor[], kwargs: object): void {
    const { layer, lengths } = this;
    const isRecurrent = layer instanceof tfl.RNN;
    const reads = this.copies.map(([weight, copy]) => [weight, "read", () => copy.read()] as [object, string, unknown]);
    const linear: typeof reads = isRecurrent || !("activation" in layer) ? [] : [[layer, "activation", LINEAR]];
    const [outputs] = [withProperties([...reads, ...linear], () => layer.call(inputs, kwargs as never))].flat() as [Tensor];
    const { mean, variance } = moments(outputs, [...outputs.shape.keys()].slice(0, -1));
    const scale = div(1, sqrt(add(variance, 1e-10)));
    const repeated = tile(scale, [(lengths.shape[0] as number) / (scale.shape[0] as number)]);
    assignTo(lengths, mul(lengths.read(), repeated));
    const { bias } = layer as { bias?: Weight | null };
    if (bias) assignTo(bias, mul(neg(mean), scale));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), dataInit: this.dataInit };
  }
}

// In a .keras file of Keras 2 the name has no prefix.
registerLayer(WeightNormalization as never, "WeightNormalization");

/** A layer whose kernel's lengths are trained by themselves: see {@link WeightNormalization}. */
export function weightNormalization(args: WeightNormalizationArgs): WeightNormalization {
  return new WeightNormalization(args);
}
