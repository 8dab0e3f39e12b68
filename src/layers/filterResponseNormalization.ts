import { abs, add, mean, mul, rsqrt, type serialization, square, type Tensor } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon } from "../arguments.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { type Affine, type AffineArgs, affineOf } from "./affine.js";
import { ofEmptyBatch } from "./emptyBatch.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

/** Arguments of {@link filterResponseNormalization}. */
export interface FilterResponseNormalizationArgs extends LayerArgs, AffineArgs {
  /** Added to every mean square. Default 1e-6. */
  epsilon?: number;
  /** Whether the absolute value of a trained number, which starts at 1e-4, is added, too. Default false. */
  learnedEpsilon?: boolean;
  /** A constraint of that number. Default: none. */
  learnedEpsilonConstraint?: AffineArgs["gammaConstraint"];
}

/** The axes of an image's height and width. */
const SPACE = [1, 2];

/**
 * Divides each channel of each image by its root mean square (Singh, Krishnan, "Filter Response Normalization Layer", arXiv
 * 1911.09737), as TensorFlow Addons' FilterResponseNormalization: gamma·x/√(mean of x² + epsilon) + beta. The same in training and
 * inference. It is saved under that name.
 *
 * Weights: with learnedEpsilon learned_epsilon [1]; gamma and beta [1, 1, 1, C]. Input and output: [samples, height, width, C].
 */
export class FilterResponseNormalization extends SameShapeLayer {
  /** @nocollapse */
  static readonly className = "Addons>FilterResponseNormalization";

  readonly epsilon: number;
  readonly learnedEpsilon: boolean;
  private readonly affine: Affine;
  private readonly config: serialization.ConfigDict;
  private weightsOf!: { learned?: tfl.LayerVariable | undefined; gamma: tfl.LayerVariable; beta: tfl.LayerVariable };
  private readonly constraint: Affine["gammaConstraint"];

  constructor(args: FilterResponseNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName("FilterResponse") });
    this.epsilon = args.epsilon ?? 1e-6;
    this.learnedEpsilon = args.learnedEpsilon ?? false;
    checkEpsilon(this.name, this.epsilon);
    const { objects, config } = affineOf(args);
    const learned = affineOf({ gammaConstraint: args.learnedEpsilonConstraint ?? null } as AffineArgs);
    this.affine = objects;
    this.constraint = learned.objects.gammaConstraint;
    this.config = { ...config, learnedEpsilonConstraint: learned.config.gammaConstraint ?? null };
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const channels = shape.at(-1);
    if (shape.length !== 4 || typeof channels !== "number") {
      throw argumentError(this.name, "inputs", "have rank 4 and a known number of channels", `[${shape}]`);
    }
    const of = [1, 1, 1, channels];
    const start = tfl.initializers.constant({ value: 1e-4 });
    this.weightsOf = {
      learned: this.learnedEpsilon
        ? this.addWeight("learned_epsilon", [1], "float32", start, undefined, true, this.constraint)
        : undefined,
      gamma: this.addGamma(of, this.affine),
      beta: this.addBeta(of, this.affine),
    };
    this.built = true;
  }

  protected override callOn(x: Tensor): Tensor {
    const { learned, gamma, beta } = this.weightsOf;
    if (x.size === 0) return ofEmptyBatch(x, [learned, gamma, beta]);
    const squares = add(mean(square(x), SPACE, true), this.epsilon);
    const scale = rsqrt(learned ? add(squares, abs(learned.read())) : squares);
    return add(mul(gamma.read(), mul(x, scale)), beta.read());
  }

  override getConfig(): serialization.ConfigDict {
    const { epsilon, learnedEpsilon, config } = this;
    return { ...super.getConfig(), axis: SPACE, epsilon, learnedEpsilon, ...config };
  }
}

// In a .keras file of Keras 2 the name has no prefix.
registerLayer(FilterResponseNormalization, "FilterResponseNormalization");

/** A layer that divides channels of images by their root mean square: see {@link FilterResponseNormalization}. */
export function filterResponseNormalization(args?: FilterResponseNormalizationArgs): FilterResponseNormalization {
  return new FilterResponseNormalization(args);
}
