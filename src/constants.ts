// Constants that the composed forms share with the binary: assembly/constants.ts has the same names and numbers, which a test
// compares.

/** A variance (with epsilon) below this is raised to it: 2^-40. */
export const MIN_VARIANCE = 9.094947017729282e-13;
/** A prior below this is raised to it: 2^-126, the least normal float32. */
export const MIN_PRIOR = 1.1754943508222875e-38;
/** The formula "ucb" has no epsilon in its denominator where it is below this: 2^-96. */
export const MIN_EPSILON = 1.262177448353619e-29;
/** Mixture normalization: a responsibility below this part of its row's largest is 0: 2^-64. */
export const MIN_RESPONSIBILITY = 5.421010862427522e-20;
/** The k-means++ start of mixture normalization looks at this many rows at most. */
export const KMEANS_ROWS = 1024;
/** It leaves out rows whose square is larger, so that squares of distances are finite. */
export const KMEANS_MAX_SQUARE = 1e34;
