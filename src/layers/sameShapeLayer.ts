import { type serialization, Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { describeStranger } from "../tensorflow/strangers.js";
import type { Affine } from "./affine.js";
import type { CallArgs } from "./masks.js";

/** Arguments of every layer. */
export type LayerArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;
export type Shape = (number | null)[];

/** A layer of one input, whose output has the input's shape. Masks are passed on. */
export abstract class SameShapeLayer extends tfl.layers.Layer {
  constructor(args: LayerArgs) {
    super(args);
    this.supportsMasking = true;
  }

  /** The output. What else it makes is disposed. */
  protected abstract callOn(x: Tensor, kwargs: CallArgs | null | undefined): Tensor;

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs ?? {});
      return this.callOn(singleTensor(this.name, inputs), kwargs);
    });
  }

  protected addGamma(shape: number[], { gammaInitializer, gammaRegularizer, gammaConstraint }: Affine): tfl.LayerVariable {
    return this.addWeight("gamma", shape, "float32", gammaInitializer, gammaRegularizer, true, gammaConstraint);
  }

  protected addBeta(shape: number[], { betaInitializer, betaRegularizer, betaConstraint }: Affine): tfl.LayerVariable {
    return this.addWeight("beta", shape, "float32", betaInitializer, betaRegularizer, true, betaConstraint);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return singleShape(inputShape);
  }

  /**
   * A layer of a saved configuration, also of one from Python.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return new cls(withoutPolicy(config));
  }
}

/** A configuration without the dtype where that is an object, a policy of Python's. */
export function withoutPolicy(config: serialization.ConfigDict): serialization.ConfigDict {
  const { dtype } = config;
  return { ...config, dtype: typeof dtype === "string" ? dtype : undefined } as serialization.ConfigDict;
}

/** The tensor that a layer of one input is called with. */
export function singleTensor(layer: string, inputs: Tensor | Tensor[]): Tensor {
  const [x] = [inputs].flat();
  if (x instanceof Tensor) return x;
  const wanted = `be a tensor, or a symbolic one of @tensorflow/tfjs-layers ${tfl.version_layers}, which tfjs-uan imports`;
  throw argumentError(layer, "inputs", wanted, describeStranger(x));
}

/** The shape of a layer's one input. */
export function singleShape(shape: Shape | Shape[]): Shape {
  const [first] = shape;
  return Array.isArray(first) ? first : (shape as Shape);
}
