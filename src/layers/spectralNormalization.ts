import {
  abs,
  div,
  greater,
  matMul,
  max,
  maximum,
  mul,
  reshape,
  rsqrt,
  type serialization,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkCount } from "../arguments.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { assignTo } from "../tensorflow/weights.js";
import { KernelWrapper, type WrapperArgs } from "./kernelWrapper.js";
import type { CallArgs } from "./masks.js";

/** Arguments of {@link spectralNormalization}. */
export interface SpectralNormalizationArgs extends WrapperArgs {
  /** Steps of the power iteration in each batch of training. Default 1. */
  powerIterations?: number;
}

const unit = (row: Tensor2D): Tensor2D => mul(row, rsqrt(maximum(sum(square(row)), 1e-12)));

/**
 * Divides the kernel of a layer by its spectral norm, its largest singular value, in each batch of training (Miyato, Kataoka, Koyama,
 * Yoshida, "Spectral Normalization for Generative Adversarial Networks", arXiv 1802.05957), as Keras's SpectralNormalization: the
 * layer's kernel itself becomes the quotient, and the gradient is that for the quotient. Inference takes the kernel as it is.
 *
 * Weights: those of the layer, and vector_u [1, C], the last estimate of the singular vector, where C is the kernel's last size.
 * Input and output: those of the layer.
 */
export class SpectralNormalization extends KernelWrapper {
  /** @nocollapse */
  static readonly className: string = "SpectralNormalization";
  /** The name of its weight. @nocollapse */
  static readonly vectorName: string = "vector_u";

  readonly powerIterations: number;
  private vector!: tfl.LayerVariable;

  constructor(args: SpectralNormalizationArgs) {
    super(args);
    this.powerIterations = args.powerIterations ?? 1;
    checkCount(this.name, "powerIterations", this.powerIterations);
  }

  private get kernel(): tfl.LayerVariable | undefined {
    const { kernel, embeddings } = this.layer as { kernel?: tfl.LayerVariable; embeddings?: tfl.LayerVariable };
    return kernel ?? embeddings;
  }

  protected override buildFor(): void {
    const channels = this.kernel?.shape.at(-1);
    if (typeof channels !== "number") {
      const got = `'${this.layer.name}', a ${this.layer.getClassName()}`;
      throw argumentError(this.name, "layer", "have a weight that is its kernel or its embeddings", got);
    }
    const { vectorName } = this.constructor as typeof SpectralNormalization;
    this.vector = this.addOwnWeight(vectorName, [1, channels], tfl.initializers.truncatedNormal({ stddev: 0.02 }));
  }

  protected override callLayer(inputs: Tensor | Tensor[], kwargs: CallArgs): Tensor | Tensor[] {
    if (kwargs.training) this.normalizeKernel(this.kernel as tfl.LayerVariable);
    return this.layer.call(inputs, kwargs as object);
  }

  private normalizeKernel(kernel: tfl.LayerVariable): void {
    tidy(() => {
      const values = kernel.read();
      const rows = reshape(values, [-1, values.shape.at(-1) as number]) as Tensor2D;
      const before = this.vector.read() as Tensor2D;
      let right = before;
      let left = before;
      for (let i = 0; i < this.powerIterations; i++) {
        left = unit(matMul(right, rows, false, true));
        right = unit(matMul(left, rows));
      }
      const norm = matMul(matMul(left, rows), right, false, true);
      // A kernel of zeros stays.
      const isAny = greater(max(abs(rows)), 0);
      assignTo(this.vector, where(isAny, right, before));
      assignTo(kernel, div(values, reshape(where(isAny, norm, 1), [])));
    });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), powerIterations: this.powerIterations };
  }
}

/** TensorFlow Addons' SpectralNormalization, whose weight has another name. */
export class AddonsSpectralNormalization extends SpectralNormalization {
  /** @nocollapse */
  static override readonly className = "Addons>SpectralNormalization";
  /** @nocollapse */
  static override readonly vectorName = "sn_u";
}

registerLayer(SpectralNormalization as never);
registerLayer(AddonsSpectralNormalization as never);

/** A layer whose kernel is divided by its spectral norm: see {@link SpectralNormalization}. */
export function spectralNormalization(args: SpectralNormalizationArgs): SpectralNormalization {
  return new SpectralNormalization(args);
}
