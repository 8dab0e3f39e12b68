import type { WasmModule } from "../binary/webAssembly.js";

// The interface of tfjs-uan/standalone. It imports nothing of TensorFlow.js.

/** Float32 numbers of an engine's memory, made by {@link Engine.buffer}. */
export interface EngineBuffer {
  /**
   * The numbers. Ask for them anew after a call of the engine: when its memory grows, arrays over it lose their numbers (their
   * length is 0 then), and this makes another one.
   *
   * @throws Error after free, or after the engine's dispose
   */
  readonly values: Float32Array;
  readonly length: number;
  /** Gives the memory back to the engine. Once is enough; more often does nothing. */
  free(): void;
}

/**
 * An array, or a buffer of the engine that is called. A buffer is worked on in operand, and so is an array over a buffer's memory
 * (`buffer.values.subarray(…)`); other arrays are copied in and out.
 */
export type Floats = Float32Array | EngineBuffer;

/** A mixture of K univariate Gaussians in each of C channels: K is the length of `prior`, K · C that of `mean`. */
export interface Mixture<T extends Floats = Floats> {
  /** [K, C], row-major: all channels of the first component, then of the second … */
  mean: T;
  /** [K, C], not negative */
  variance: T;
  /** [K], not negative; it should sum to 1 */
  prior: T;
  /** Multiplied with the normalized activations, [C]. Default: none. */
  gamma?: T | undefined;
  /** Added to them, [C]. Default: none. */
  beta?: T | undefined;
}

/** How a mixture is applied to activations. */
export interface MixtureOptions {
  /**
   * How many activations of one channel follow one another: x is [N, C, inner]. Default 1, channels last; for [N, C, H, W] it is
   * H · W.
   */
  inner?: number | undefined;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number | undefined;
}

/** How activations are normalized. */
export interface NormalizationOptions extends MixtureOptions {
  /** "uan" (default), the paper's, or "ucb", that of the authors' published Keras layer. */
  formula?: "uan" | "ucb" | undefined;
}

/** How activations are standardized before they are normalized. */
export interface StandardizeOptions extends NormalizationOptions {
  /**
   * How many activations' worth of the moving moments the batch's are mixed with. Default 0, none. Infinity is inference: the moving
   * moments alone.
   */
  priorMass?: number | undefined;
  /** [C]; wanted where priorMass is not 0. */
  movingMean?: Floats | undefined;
  /** [C], not negative; wanted where priorMass is not 0. */
  movingVariance?: Floats | undefined;
}

/** How activations are normalized by moments of the batch. */
export interface BatchNormalizationOptions extends MixtureOptions {
  /** The weight of a component: 1 ("equal", default), or 1/√prior_k ("prior"). */
  componentWeights?: "equal" | "prior" | undefined;
  /**
   * How many activations' worth of the moving moments the batch's are mixed with. Default 0, none. Infinity is inference: the moving
   * moments alone.
   */
  priorMass?: number | undefined;
  /** [K, C]; wanted where priorMass is not 0. */
  movingMean?: Floats | undefined;
  /** [K, C], not negative; wanted where priorMass is not 0. */
  movingVariance?: Floats | undefined;
}

/** What {@link Engine.standardize} computes. */
export type StandardizeName = "y" | "mean" | "variance" | "standard";

/** The gradients that {@link Engine.gradients} computes, named by their inputs. */
export type GradientName = "x" | "mean" | "variance" | "prior" | "gamma" | "beta";
/** The moments that {@link Engine.moments} computes. */
export type MomentName = "mass" | "mean" | "variance";

/** The moments that {@link Engine.normalizeByBatch} computes, and gradients by them need. */
export type BatchMomentName = MomentName | "residual";
/** What {@link Engine.gradientsByBatch} wants of it, each [K, C]. */
export type BatchMoments = { [name in BatchMomentName]: Floats };

/** Where outputs are written; outputs that are not named are new arrays. */
export type Outputs<Name extends string> = { [name in Name]?: Floats | undefined };

/** Outputs by name: the given arrays and buffers, and new arrays for the others. */
export type Filled<Name extends string, Given> = {
  [name in Name]: name extends keyof Given
    ? Given[name] extends Floats
      ? Given[name]
      : Exclude<Given[name], undefined> | Float32Array
    : Float32Array;
};

/**
 * Unsupervised Adaptive Normalization (Faye, Azzag, Lebbah, Feng, IJCNN 2024) over a memory of its own.
 *
 * Activations `x` are [N, C, inner], row-major, at most 2^30 numbers; other tensors of that size have the same order. An output
 * that is given (`out`) is written and returned; it must have the output's length, and share no memory with an input or another
 * output. Otherwise a new array is returned.
 *
 * Every method throws an Error that names what does not fit: an argument of another type, length or value, a buffer of another
 * engine or one that is freed; and a RangeError where a call wants more memory than the engine may have. Nothing is written then.
 */
export interface Engine {
  /**
   * A block of the engine's memory, all zeros, that is there until it is freed.
   *
   * @param length how many numbers
   */
  buffer(length: number): EngineBuffer;

  /**
   * y, like x. With v_k = variance_k + epsilon and the responsibilities τ of {@link responsibilities}:
   *
   *     y = gamma · Σ_k τ_k (x − mean_k)/√(prior_k v_k) + beta
   *
   * The formula "ucb", the accuracy, and what NaN, infinity and tiny variances give are as tfjs-uan's
   * unsupervisedAdaptiveNormalization has them.
   */
  normalize(x: Floats, mixture: Mixture, options?: NormalizationOptions): Float32Array;
  /** y, written to `out`. */
  normalize<Out extends Floats>(x: Floats, mixture: Mixture, options: NormalizationOptions | undefined, out: Out): Out;

  /**
   * The gradients of Σ dy · y: of x (like x), mean and variance [K, C], prior [K], gamma and beta [C]. All are computed, whichever
   * are wanted. A gradient for mean, variance or prior is that of the number itself, whatever it was made of.
   *
   * @param dy like x
   */
  gradients<Out extends Outputs<GradientName> = Record<never, never>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    options?: NormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out>;

  /**
   * {@link normalize} of activations with the mean and variance of their channel taken out. The batch's own `mean` and `variance` are
   * mixed with moving ones: with n activations in a channel, the prior mass m and a = n/(n + m),
   *
   *     E = movingMean + a (mean − movingMean)
   *     V = a (variance + (mean − E)²) + (1 − a)(movingVariance + (movingMean − E)²)
   *     z = (x − E)/√(V + epsilon)          then normalize, with z for x
   *
   * y is like x, mean and variance are [C]. `standard`, [6, C], is what gradients need: E, V, what E lost when it was rounded to
   * float32, and the moving mean, the moving variance and the prior mass.
   */
  standardize<Out extends Outputs<StandardizeName> = Record<never, never>>(
    x: Floats,
    mixture: Mixture,
    options?: StandardizeOptions,
    out?: Out,
  ): Filled<StandardizeName, Out>;

  /**
   * The gradients of Σ dy · y of {@link standardize}, as {@link gradients} names them. That of x flows through the batch's moments, too;
   * moving ones are constants.
   *
   * @param dy like x
   * @param standard what standardize computed with the same arguments
   */
  standardizeGradients<Out extends Outputs<GradientName> = Record<never, never>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    standard: Floats,
    options?: NormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out>;

  /**
   * y, like x, by moments of the batch, where the mixture gives the responsibilities τ alone:
   *
   *     y = gamma · Σ_k τ_k w_k (x − E_k)/√(V_k + epsilon) + beta
   *
   * E_k and V_k are mean and variance of the batch's activations, weighted with τ_k, and mixed with moving ones (`priorMass`). Also
   * the batch's own mass, mean and variance, as {@link moments} has them, and what the mean lost when it was rounded, each [K, C]; in
   * inference these are those of no activations.
   */
  normalizeByBatch<Out extends Outputs<"y" | BatchMomentName> = Record<never, never>>(
    x: Floats,
    mixture: Mixture,
    options?: BatchNormalizationOptions,
    out?: Out,
  ): Filled<"y" | BatchMomentName, Out>;

  /**
   * The gradients of Σ dy · y of {@link normalizeByBatch}, as {@link gradients} has them. The moving moments have none.
   *
   * @param dy like x
   * @param moments what normalizeByBatch computed with the same arguments
   */
  gradientsByBatch<Out extends Outputs<GradientName> = Record<never, never>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    moments: BatchMoments,
    options?: BatchNormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out>;

  /**
   * For each activation, the K components' responsibilities for it, [N, C, inner, K]:
   * τ = softmax over k of (log prior_k − ½ log v_k − (x − mean_k)²/(2 v_k)).
   */
  responsibilities(x: Floats, mixture: Mixture, options?: MixtureOptions): Float32Array;
  /** The responsibilities, written to `out`. */
  responsibilities<Out extends Floats>(x: Floats, mixture: Mixture, options: MixtureOptions | undefined, out: Out): Out;

  /**
   * Mass n_k = Σ τ_k, mean m_k = Σ τ_k x / n_k and variance Σ τ_k (x − m_k)² / n_k of every component over a channel's activations,
   * each [K, C]: the M step of EM. A component without mass keeps the mean and variance it came with.
   */
  moments<Out extends Outputs<MomentName> = Record<never, never>>(
    x: Floats,
    mixture: Mixture,
    options?: MixtureOptions,
    out?: Out,
  ): Filled<MomentName, Out>;

  /** Bytes: of buffers that are not freed, of the memory as it is now, and the most that it may have. */
  memory(): { used: number; size: number; maximum: number };

  /** How many threads have started, with the caller's. */
  readonly threads: number;

  /** Ends the threads, and lets go of the memory. The engine, and its buffers, cannot be used any more. */
  dispose(): void;
}

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /**
   * The binary, compiled: `tfjs-uan/wasm/tfjs-uan-standalone-simd.wasm`, `…-relaxed-simd.wasm`, which is the faster one where there
   * is relaxed SIMD, or `…-scalar.wasm` where there is no SIMD. Default: the one for SIMD, which is inlined.
   */
  module?: WasmModule | undefined;
  /** Bytes of memory to begin with, rounded up to whole pages of 64 KiB. Default one page. */
  initialBytes?: number | undefined;
  /** The most that the memory may grow to, likewise; at most 4 GiB. Default 1 GiB. */
  maximumBytes?: number | undefined;
  /**
   * How many threads, with the caller's, share the work of a call on tens of thousands of activations. Default 1. With more, the
   * engine's memory is a SharedArrayBuffer, which browsers have in cross-origin isolated pages only, and the binary is the inlined
   * one. Threads are workers, started by the first such call; until they have started the caller's does all the work, and so where
   * they cannot start, as in ES modules on Node.js before 20.16: a warning says why. The results do not depend on their number.
   */
  threads?: number | undefined;
}
