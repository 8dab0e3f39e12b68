/** Scores of predicted classes, from 0 to 1. */
export interface Scores {
  accuracy: number;
  /** This and the following are unweighted means over the classes. */
  precision: number;
  recall: number;
  f1: number;
}

/** 0 if the divisor is 0: a class that is never predicted has precision 0, a class without examples has recall 0. */
const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/**
 * The same as scikit-learn's accuracy_score and precision_recall_fscore_support(average='macro', zero_division=0): the means are over the
 * classes that occur among the labels or the predictions.
 */
export function scores(predictions: ArrayLike<number>, labels: ArrayLike<number>): Scores {
  const count = labels.length;
  if (count === 0 || predictions.length !== count) {
    throw new RangeError(`scores: needs as many predictions as labels, at least one, got ${predictions.length} and ${count}`);
  }
  const classes = new Map<number, { hits: number; predicted: number; actual: number }>();
  const tally = (label: number) => {
    const known = classes.get(label) ?? { hits: 0, predicted: 0, actual: 0 };
    classes.set(label, known);
    return known;
  };
  for (let i = 0; i < count; i++) {
    const [predicted, actual] = [tally(predictions[i] as number), tally(labels[i] as number)];
    predicted.predicted++;
    actual.actual++;
    if (predicted === actual) actual.hits++;
  }

  const mean = (score: (tally: { hits: number; predicted: number; actual: number }) => number) =>
    [...classes.values()].reduce((sum, tally) => sum + score(tally), 0) / classes.size;
  return {
    accuracy: [...classes.values()].reduce((sum, { hits }) => sum + hits, 0) / count,
    precision: mean(({ hits, predicted }) => ratio(hits, predicted)),
    recall: mean(({ hits, actual }) => ratio(hits, actual)),
    f1: mean(({ hits, predicted, actual }) => ratio(2 * hits, predicted + actual)),
  };
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The distribution of a value over runs with different seeds. */
export interface Spread {
  mean: number;
  /** Sample standard deviation, with n − 1; undefined for a single value. */
  deviation: number | undefined;
}

export function spread(values: readonly number[]): Spread {
  const count = values.length;
  if (count === 0) throw new RangeError("spread: needs at least one value, got none");
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { mean: middle, deviation: count === 1 ? undefined : Math.sqrt(squares / (count - 1)) };
}
