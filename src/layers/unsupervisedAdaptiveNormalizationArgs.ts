import { argumentError, checkChoice, checkCount, FORMULAS } from "../arguments.js";
import { COMPONENT_WEIGHTS } from "../kernels/batchMomentsNorm.js";
import { MOMENTS, OUTPUT_SCALES } from "../ops/unsupervisedAdaptiveNormalization.js";
import type { MovingArgs } from "./affine.js";
import type { ChannelNormalizationArgs } from "./channelNormalization.js";
import { type MovingRule, type MovingRuleArgs, movingRuleOf, PRIOR_MASS } from "./moving.js";

const UPDATES = ["gradient", "momentum", "both"] as const;
const INITIALIZERS = ["data", "random"] as const;
const LAYER_FORMULAS = [...FORMULAS, "authors"] as const;

/** Arguments of {@link unsupervisedAdaptiveNormalization}. */
export interface UnsupervisedAdaptiveNormalizationArgs extends ChannelNormalizationArgs, MovingArgs, MovingRuleArgs {
  /** Components K of every channel's mixture. Default 3. */
  numComponents?: number;
  /**
   * How much of a moving value is kept at each update: of 'momentum' and 'both'; and of moving moments, where there is no `memory`.
   * Default 0.9.
   */
  momentum?: number;
  /**
   * How training moves the mixture. 'gradient' (default): as weights, by backpropagation. 'momentum': by stepwise EM (Cappé,
   * Moulines, arXiv 0712.4273), without gradient. 'both'.
   */
  update?: (typeof UPDATES)[number];
  /**
   * 'data' (default): μ spread over a deviation around each channel's mean, σ² its variance, equal priors, from the first 256
   * activations per channel that training shows. Until it has seen them it sets the mixture anew with every batch; it ends where the
   * weights are set from outside (setWeights, loadWeights). A model that is saved before goes on from the start that it has, and
   * gathers no more when it is loaded. Masked activations are among the 256, but not in means and
   * variances. 'random', the paper's: μ ~ U(−1, 1), σ² = softplus U(0.001, 0.01), priors softmax of
   * normalized U(0.01, 0.99).
   */
  initializer?: (typeof INITIALIZERS)[number];
  /**
   * Whether the batch's mean and variance (moving ones in inference) are taken out first, as batch normalization does. The prior
   * mass lets it work in small batches, too. Default true, but false with moments 'batch', or another formula than 'uan'. false is the
   * paper's formula, which does not depend on the batch. docs/evidence.md says why this is the default.
   */
  standardize?: boolean;
  /**
   * What is subtracted and divided by: 'learned' (default), the mixture's means and variances; or 'batch', the means and variances
   * of the batch's activations, weighted with the responsibilities that the mixture gives (moving ones in inference), which the
   * paper's authors meant (docs/math.md, section 2.7).
   */
  moments?: (typeof MOMENTS)[number];
  /** With moments 'batch', the weight of each component: 1 ('equal', default) or 1/√prior ('prior'). */
  componentWeights?: (typeof COMPONENT_WEIGHTS)[number];
  /** 'components': outputs are multiplied by 1/√K, as K equal priors make them √K times as large. Default 'none'. */
  outputScale?: (typeof OUTPUT_SCALES)[number];
  /**
   * With standardize or moments 'batch': activations' worth of trust in the moving moments, toward which a batch's are shrunk in
   * training (docs/math.md, section 2.5). 0 is none. While fewer activations were seen than this, as many as were seen. Default 2; a
   * saved configuration that does not say means 0.
   */
  priorMass?: number;
  /**
   * 'uan' (default), the paper's; or for weights that were trained in Python with the authors' published Keras layers, in which priors
   * do not count: 'ucb', what UCBNorm and AdaptiveContextNorm compute in inference (docs/math.md, section 2.6); 'authors', what
   * UnsupervisedAdaptiveNormalization computes, which depends on the batch and hardly trains (section 2.8). A configuration that does
   * not say is from Python, and the name of its class says which.
   */
  formula?: (typeof LAYER_FORMULAS)[number];
  /** Whether a trained beta is added. Default false. */
  center?: boolean;
  /** Whether a trained gamma is multiplied with. Default false. */
  scale?: boolean;
  /** Seed of the 'random' initializer. Default: none, another start each time. */
  seed?: number;
}

/** The options that are the layer's own, with their defaults. */
export interface UanOptions extends MovingRule {
  readonly numComponents: number;
  readonly update: (typeof UPDATES)[number];
  readonly initializer: (typeof INITIALIZERS)[number];
  readonly standardize: boolean;
  readonly moments: (typeof MOMENTS)[number];
  readonly componentWeights: (typeof COMPONENT_WEIGHTS)[number];
  readonly outputScale: (typeof OUTPUT_SCALES)[number];
  readonly formula: (typeof LAYER_FORMULAS)[number];
  readonly seed: number | undefined;
}

/** @throws Error naming the argument that is wrong, or that another one excludes */
export function optionsOf(op: string, args: UnsupervisedAdaptiveNormalizationArgs): UanOptions {
  const moments = args.moments ?? "learned";
  const formula = args.formula ?? "uan";
  const options = {
    numComponents: args.numComponents ?? 3,
    update: args.update ?? "gradient",
    initializer: args.initializer ?? "data",
    standardize: args.standardize ?? (moments === "learned" && formula === "uan"),
    moments,
    componentWeights: args.componentWeights ?? "equal",
    outputScale: args.outputScale ?? "none",
    formula,
    seed: args.seed ?? undefined,
  };
  checkCount(op, "numComponents", options.numComponents);
  checkChoice(op, "update", options.update, UPDATES);
  checkChoice(op, "initializer", options.initializer, INITIALIZERS);
  checkChoice(op, "moments", options.moments, MOMENTS);
  checkChoice(op, "componentWeights", options.componentWeights, COMPONENT_WEIGHTS);
  checkChoice(op, "outputScale", options.outputScale, OUTPUT_SCALES);
  checkChoice(op, "formula", options.formula, LAYER_FORMULAS);
  const priorMass = hasMovingMoments(options) ? PRIOR_MASS : 0;
  const all = { ...options, ...movingRuleOf(op, args, { momentum: 0.9, priorMass }) };
  checkTogether(op, all);
  return all;
}

/** Whether moments of the batch are taken, which moving ones follow. */
export function hasMovingMoments({ standardize, moments }: Pick<UanOptions, "standardize" | "moments">): boolean {
  return standardize || moments === "batch";
}

/** Checks options that exclude each other. */
function checkTogether(op: string, options: UanOptions): void {
  const { standardize, moments, componentWeights, formula, update, priorMass, memory } = options;
  if (moments === "batch") {
    const because = "where moments is 'batch'";
    if (standardize) throw argumentError(op, "standardize", `be false ${because}`, "true");
    if (formula !== "uan") throw argumentError(op, "formula", `be 'uan' ${because}`, `'${formula}'`);
  } else if (componentWeights !== "equal") {
    throw argumentError(op, "componentWeights", "be 'equal' where moments is 'learned'", `'${componentWeights}'`);
  }
  if (formula === "authors") {
    const because = "where formula is 'authors'";
    if (standardize) throw argumentError(op, "standardize", `be false ${because}`, "true");
    if (update !== "gradient") throw argumentError(op, "update", `be 'gradient' ${because}`, `'${update}'`);
  }
  if (hasMovingMoments(options)) return;
  const because = "without standardize or moments 'batch'";
  if (priorMass !== 0) throw argumentError(op, "priorMass", `be 0 ${because}`, String(priorMass));
  if (memory !== null) throw argumentError(op, "memory", `be null ${because}`, String(memory));
}
