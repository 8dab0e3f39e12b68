import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkChoice,
  checkCount,
  checkNonNegativeInteger,
  FORMULAS,
  type MixtureInputs,
  type NormAttrs,
  type PerChannel,
  type PriorInputs,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { PAGE } from "../binary/pages.js";
import { STANDARD_ROWS } from "../constants.js";
import { BatchMomentsNorm, BatchMomentsNormGrad, COMPONENT_WEIGHTS } from "../kernels/batchMomentsNorm.js";
import type { BinaryKernel } from "../kernels/declaration.js";
import { MixtureMoments } from "../kernels/mixtureMoments.js";
import { MixtureResponsibilities } from "../kernels/mixtureResponsibilities.js";
import { StandardizedMixtureNorm, StandardizedMixtureNormGrad } from "../kernels/standardizedMixtureNorm.js";
import { UnsupervisedAdaptiveNorm, UnsupervisedAdaptiveNormGrad } from "../kernels/unsupervisedAdaptiveNorm.js";
import { SerialRunner } from "../launch/runner.js";
import { isThreadCount, MAILBOX_BYTES, THREAD_COUNT, WorkerPool } from "../launch/workerPool.js";
import { bindBinary, inlinedModule } from "./binary.js";
import { runInEngine } from "./engineHost.js";
import { EngineMemory } from "./engineMemory.js";
import { FloatBuffer } from "./floatBuffer.js";
import { checkLength, type Operand, operandOf, tagOf, valuesOf } from "./operands.js";
import type {
  BatchMomentName,
  BatchMoments,
  BatchNormalizationOptions,
  Engine,
  EngineBuffer,
  EngineOptions,
  Filled,
  Floats,
  GradientName,
  Mixture,
  MixtureOptions,
  MomentName,
  NormalizationOptions,
  Outputs,
  StandardizeName,
  StandardizeOptions,
} from "./types.js";

/** Inputs of any of the kernels. */
type Inputs = MixtureInputs & PerChannel & PriorInputs & { [name in "dy" | "standard"]?: TensorInfo | undefined };
type Kernel = BinaryKernel<Inputs, NormAttrs, unknown, StandaloneExports>;
type Op =
  | "normalize"
  | "gradients"
  | "standardize"
  | "standardizeGradients"
  | "normalizeByBatch"
  | "gradientsByBatch"
  | "responsibilities"
  | "moments";

const KERNELS: Record<Op, Kernel> = {
  normalize: { ...(UnsupervisedAdaptiveNorm as Kernel), op: "normalize" },
  gradients: { ...(UnsupervisedAdaptiveNormGrad as Kernel), op: "gradients" },
  standardize: { ...(StandardizedMixtureNorm as Kernel), op: "standardize" },
  standardizeGradients: { ...(StandardizedMixtureNormGrad as unknown as Kernel), op: "standardizeGradients" },
  normalizeByBatch: { ...(BatchMomentsNorm as unknown as Kernel), op: "normalizeByBatch" },
  gradientsByBatch: { ...(BatchMomentsNormGrad as unknown as Kernel), op: "gradientsByBatch" },
  responsibilities: { ...(MixtureResponsibilities as Kernel), op: "responsibilities" },
  moments: { ...(MixtureMoments as Kernel), op: "moments" },
};

/** Outputs, in their kernels' order. */
const GRADIENTS: GradientName[] = ["x", "mean", "variance", "prior", "gamma", "beta"];
const MOMENTS: MomentName[] = ["mass", "mean", "variance"];
const STANDARDIZED: StandardizeName[] = ["y", "mean", "variance", "standard"];
const BATCH_MOMENTS: BatchMomentName[] = [...MOMENTS, "residual"];

/**
 * An engine with a memory of its own.
 *
 * @throws Error where an option does not fit, or the runtime has no WebAssembly or refuses the binary; the message says why
 */
export function createEngine(options: EngineOptions = {}): Engine {
  checkObject("createEngine", "options", options);
  if (typeof WebAssembly === "undefined") throw new Error("createEngine: there is no WebAssembly here");
  return new MixtureEngine(options);
}

class MixtureEngine implements Engine {
  private readonly heap: EngineMemory;
  private binary: StandaloneExports | undefined;
  private workers: WorkerPool | undefined;

  constructor({ module, initialBytes = PAGE, maximumBytes = 2 ** 30, threads = 1 }: EngineOptions) {
    const op = "createEngine";
    checkThreads(op, threads, module);
    this.heap = new EngineMemory(op, initialBytes, maximumBytes, threads > 1);
    const memory = this.heap.for(op);
    this.binary = bindBinary(op, memory, module);
    if (threads > 1) {
      const mailbox = this.heap.take(op, MAILBOX_BYTES);
      this.workers = new WorkerPool(this.binary, inlinedModule(op, true), memory, mailbox, threads);
    }
  }

  get threads(): number {
    return 1 + (this.workers?.started ?? 0);
  }

  buffer(length: number): EngineBuffer {
    this.heap.for("buffer");
    checkNonNegativeInteger("buffer", "length", length);
    const buffer = new FloatBuffer(this.heap, this.heap.take("buffer", 4 * length), length);
    buffer.values.fill(0);
    return buffer;
  }

  normalize<Out extends Floats>(x: Floats, mixture: Mixture, options?: NormalizationOptions, out?: Out): Out & Float32Array {
    const [y] = this.run("normalize", { x }, mixture, options, [["out", out]]);
    return y as Out & Float32Array;
  }

  gradients<Out extends Outputs<GradientName>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    options?: NormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out> {
    return named(GRADIENTS, this.run("gradients", { x, dy }, mixture, options, outputsOf("gradients", GRADIENTS, out)));
  }

  standardize<Out extends Outputs<StandardizeName>>(
    x: Floats,
    mixture: Mixture,
    options?: StandardizeOptions,
    out?: Out,
  ): Filled<StandardizeName, Out> {
    const outputs = outputsOf("standardize", STANDARDIZED, out);
    return named(STANDARDIZED, this.run("standardize", { x }, mixture, options, outputs));
  }

  standardizeGradients<Out extends Outputs<GradientName>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    standard: Floats,
    options?: NormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out> {
    const op = "standardizeGradients";
    const outputs = outputsOf(op, GRADIENTS, out);
    return named(GRADIENTS, this.run(op, { x, dy, standard }, mixture, options, outputs));
  }

  normalizeByBatch<Out extends Outputs<"y" | BatchMomentName>>(
    x: Floats,
    mixture: Mixture,
    options?: BatchNormalizationOptions,
    out?: Out,
  ): Filled<"y" | BatchMomentName, Out> {
    const names = ["y" as const, ...BATCH_MOMENTS];
    return named(names, this.run("normalizeByBatch", { x }, mixture, options, outputsOf("normalizeByBatch", names, out)));
  }

  gradientsByBatch<Out extends Outputs<GradientName>>(
    x: Floats,
    dy: Floats,
    mixture: Mixture,
    moments: BatchMoments,
    options?: BatchNormalizationOptions,
    out?: Out,
  ): Filled<GradientName, Out> {
    const op = "gradientsByBatch";
    checkObject(op, "moments", moments);
    return named(GRADIENTS, this.run(op, { x, dy, ...moments }, mixture, options, outputsOf(op, GRADIENTS, out)));
  }

  responsibilities<Out extends Floats>(x: Floats, mixture: Mixture, options?: MixtureOptions, out?: Out): Out & Float32Array {
    const [tau] = this.run("responsibilities", { x }, mixture, options, [["out", out]]);
    return tau as Out & Float32Array;
  }

  moments<Out extends Outputs<MomentName>>(
    x: Floats,
    mixture: Mixture,
    options?: MixtureOptions,
    out?: Out,
  ): Filled<MomentName, Out> {
    return named(MOMENTS, this.run("moments", { x }, mixture, options, outputsOf("moments", MOMENTS, out)));
  }

  memory(): { used: number; size: number; maximum: number } {
    return this.heap.report("memory");
  }

  dispose(): void {
    this.workers?.terminate();
    this.workers = undefined;
    this.heap.dispose();
    this.binary = undefined;
  }

  /** Checks every argument before anything is written. */
  private run(
    op: Op,
    activations: { x: Floats; dy?: Floats; standard?: Floats } & Partial<BatchMoments>,
    mixture: Mixture,
    options: StandardizeOptions & BatchNormalizationOptions = {},
    outputs: Array<[argument: string, given: Floats | undefined]>,
  ): Floats[] {
    const memory = this.heap;
    memory.for(op);
    checkObject(op, "options", options);
    checkObject(op, "mixture", mixture);
    // All properties are read here: a getter must not run between the look at an operand and its use.
    const { inner = 1, epsilon = 1e-3, formula = "uan", componentWeights = "equal" } = options;
    const { priorMass = 0, movingMean, movingVariance } = options;
    const parameters = { ...mixture };
    const isByBatch = op === "normalizeByBatch" || op === "gradientsByBatch";
    const isGradient = op === "gradients" || op === "standardizeGradients" || op === "gradientsByBatch";
    const isNorm = op === "normalize" || op === "standardize" || op === "normalizeByBatch" || isGradient;
    checkChoice(op, "formula", formula, isNorm && !isByBatch ? FORMULAS : ["uan"]);
    if (isByBatch) checkChoice(op, "componentWeights", componentWeights, COMPONENT_WEIGHTS);
    if (!(priorMass >= 0)) throw argumentError(op, "priorMass", "be a number that is not negative", String(priorMass));

    const operand = (argument: string, given: unknown) => operandOf(op, argument, given, memory);
    const optional = (argument: string, given: unknown) => (given === undefined ? undefined : operand(argument, given));
    const x = operand("x", activations.x);
    const dy = isGradient ? operand("dy", activations.dy) : undefined;
    const mean = operand("mean", parameters.mean);
    const variance = operand("variance", parameters.variance);
    const prior = operand("prior", parameters.prior);
    const gamma = optional("gamma", parameters.gamma);
    const beta = optional("beta", parameters.beta);
    const standard = op === "standardizeGradients" ? operand("standard", activations.standard) : undefined;
    const toward =
      op === "standardize" && priorMass !== 0
        ? {
            mean: operand("movingMean", movingMean),
            variance: operand("movingVariance", movingVariance),
            mass: operand("priorMass", Float32Array.of(priorMass)),
          }
        : undefined;
    // Without a prior mass, any moments will do for the moving ones.
    const hasPrior = isByBatch && priorMass > 0;
    const ofComponents = {
      movingMean: hasPrior ? operand("movingMean", movingMean) : mean,
      movingVariance: hasPrior ? operand("movingVariance", movingVariance) : variance,
      ...(op === "gradientsByBatch" && {
        mass: operand("moments.mass", activations.mass),
        batchMean: operand("moments.mean", activations.mean),
        batchVariance: operand("moments.variance", activations.variance),
        residual: operand("moments.residual", activations.residual),
      }),
    };

    const components = prior.length;
    const channels = mean.length / components;
    if (components < 1) throw argumentError(op, "prior", "have a number for each component, at least one", "none");
    if (channels < 1 || !Number.isInteger(channels)) {
      throw argumentError(op, "mean", `have a length that is a multiple of prior's, ${components}`, String(mean.length));
    }
    checkCount(op, "inner", inner);
    const row = channels * inner;
    if (x.length % row !== 0) {
      throw argumentError(op, "x", `have a length that is a multiple of channels times inner, ${row}`, String(x.length));
    }
    if (dy) checkLength(op, dy, x.length);
    checkLength(op, variance, mean.length);
    if (standard) checkLength(op, standard, STANDARD_ROWS * channels);
    for (const moment of Object.values(ofComponents)) checkLength(op, moment, mean.length);
    for (const perChannel of [gamma, beta, toward?.mean, toward?.variance]) {
      if (perChannel) checkLength(op, perChannel, channels);
    }
    for (const parameter of [variance, prior, toward?.variance, ofComponents.movingVariance]) {
      const negative = parameter && valuesOf(op, parameter, memory).find((value) => !(value >= 0));
      if (parameter && negative !== undefined) {
        throw argumentError(op, parameter.argument, "not be negative", String(negative));
      }
    }

    const tensor = (dataId: Operand, ...shape: number[]): TensorInfo => ({ dataId, shape, dtype: "float32" });
    const inputs = {
      x: tensor(x, x.length / row, channels, inner),
      dy: dy && tensor(dy, x.length / row, channels, inner),
      mean: tensor(mean, components, channels),
      variance: tensor(variance, components, channels),
      prior: tensor(prior, components),
      gamma: isNorm && gamma ? tensor(gamma, channels) : undefined,
      beta: isNorm && !isGradient && beta ? tensor(beta, channels) : undefined,
      priorMean: toward && tensor(toward.mean, channels),
      priorVariance: toward && tensor(toward.variance, channels),
      priorMass: toward && tensor(toward.mass),
      standard: standard && tensor(standard, STANDARD_ROWS, channels),
    };
    const byBatch = isByBatch && {
      priorMass: tensor(operand("priorMass", Float32Array.of(priorMass)), 1),
      ...Object.fromEntries(Object.entries(ofComponents).map(([name, moment]) => [name, tensor(moment, components, channels)])),
    };
    const attrs = { axis: 1, epsilon, formula, ...(isByBatch && { componentWeights, inference: priorMass === Infinity }) };
    const kernel = KERNELS[op];
    const all = { ...inputs, ...byBatch };
    const binary = this.binary as StandaloneExports;
    const plan = kernel.plan(binary, all, attrs, kernel.check(all, attrs));
    const given = outputs.map(([argument, floats]) => optional(argument, floats));
    return runInEngine(op, memory, plan, given, this.workers ?? new SerialRunner(binary, memory.for(op)));
  }
}

function checkThreads(op: string, threads: number, module: unknown): void {
  if (!isThreadCount(threads)) throw argumentError(op, "threads", THREAD_COUNT, String(threads));
  if (threads === 1) return;
  if (module !== undefined) throw argumentError(op, "module", "be left out where there are threads", tagOf(module));
  if (typeof SharedArrayBuffer === "undefined") {
    const where = globalThis.crossOriginIsolated === false ? "in a page that is not cross-origin isolated" : "in this runtime";
    throw argumentError(op, "threads", `be 1 where there is no SharedArrayBuffer: ${where}`, String(threads));
  }
}

function checkObject(op: string, argument: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw argumentError(op, argument, "be an object", tagOf(value));
}

/** The given outputs, in the order of their names. */
function outputsOf<Name extends string>(op: string, names: Name[], out: Outputs<Name> = {}) {
  checkObject(op, "out", out);
  for (const name in out) checkChoice(op, "out", name, names);
  return names.map((name): [string, Floats | undefined] => [`out.${name}`, out[name]]);
}

function named<Name extends string, Out>(names: Name[], outputs: Floats[]): Filled<Name, Out> {
  return Object.fromEntries(names.map((name, i) => [name, outputs[i]])) as Filled<Name, Out>;
}
