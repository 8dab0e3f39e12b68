import * as library from "tfjs-uan";
import { generator, normal } from "../../../learning/random.js";
import { BATCH_CASES_OF_TENSORS as BATCH_MOMENTS } from "../../contracts/batchMoments.js";
import type { Case as OfContract, TensorDriver } from "../../contracts/case.js";
import { MOMENTS, RESPONSIBILITIES_OF_TENSORS } from "../../contracts/mixture.js";
import { type MixtureDriver, onTensors } from "../../contracts/mixtureDriver.js";
import { CASES as MIXTURE_NORMALIZATION } from "../../contracts/mixtureNormalization.js";
import { CASES as NORMALIZATION } from "../../contracts/normalization.js";
import { CASES_OF_TENSORS as STANDARDIZED, standardizedOnTensors } from "../../contracts/standardized.js";
import { checkGradients, checkValues, CASES_OF_TENSORS as UAN } from "../../contracts/unsupervisedAdaptiveNormalization.js";
import { makeCase } from "../../helpers/problems.js";
import type { Case, Context } from "./case.js";

const driverOf = ({ leeway }: Context) => onTensors({ leeway, library });

const uan = "unsupervisedAdaptiveNormalization";

/** The quick cases of the contracts, driven on the library as built. */
const quick = (op: string, cases: OfContract<MixtureDriver & TensorDriver>[]): Case[] =>
  cases
    .filter(({ quick }) => quick)
    .map(({ name, run }) => ({ name: `${op}, ${name}`, run: (context) => run(driverOf(context)) }));

const STANDARDIZED_CASES: Case[] = STANDARDIZED.filter(({ quick }) => quick).map(({ name, run }) => ({
  name: `standardize, ${name}`,
  run: ({ leeway }) => run(standardizedOnTensors({ leeway, library })),
}));

/** A tensor that does not fit into the memory to which the library copies tensors, so that it is computed in chunks. */
async function checkChunks(context: Context): Promise<void> {
  library.setCopyingMemoryLimit(65536);
  try {
    const problem = makeCase({ shape: [8, 8, 8, 20] });
    await checkValues(driverOf(context), problem, 5e-5);
    await checkGradients(driverOf(context), problem, normal(generator(3), problem.x.length));
  } finally {
    library.setCopyingMemoryLimit(64 * 2 ** 20);
  }
}

export const CONTRACTS: Case[] = [
  ...quick(uan, UAN),
  ...quick(`${uan} by moments of the batch`, BATCH_MOMENTS),
  { name: `${uan}, in chunks`, run: checkChunks },
  ...STANDARDIZED_CASES,
  ...quick("mixtureResponsibilities", RESPONSIBILITIES_OF_TENSORS),
  ...quick("mixtureMoments", MOMENTS),
  ...quick("normalizations", NORMALIZATION),
  ...quick("mixtureNormalization", MIXTURE_NORMALIZATION),
];
