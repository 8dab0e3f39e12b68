// Constants of the formulas. assembly/constants.ts has some of them, under the same names, for the binaries: a test holds them
// equal.

/** A variance (with epsilon) or a prior below these is raised to these. */
export const MIN_VARIANCE = 2 ** -40;
export const MIN_PRIOR = 2 ** -126;
/** With a smaller epsilon, the formula "ucb" adds it to variances only, not to the densities. */
export const MIN_EPSILON = 2 ** -96;
/** In mixture normalization, a responsibility below this share of its row's largest is 0. */
export const MIN_RESPONSIBILITY_LOG2 = -64;
export const MIN_RESPONSIBILITY = 2 ** MIN_RESPONSIBILITY_LOG2;
/** In normalization by moments of the batch, a component counts only where its responsibility is larger: u² τ is finite there. */
export const MIN_TAU = 2 ** -100;
/** Rows of a tile of a matrix product. */
export const GEMM_ROWS = 4;
/** Rows in the sample of k-means++, at most. */
export const KMEANS_ROWS = 1024;
/** What a reduction combines numbers by. */
export const SUM = 0;
export const MEAN = 1;
export const PRODUCT = 2;
export const MAXIMUM = 3;
export const MINIMUM = 4;
/** Functions of two numbers, beside MAXIMUM and MINIMUM. The last three are of bytes, and those from GREATER on make bytes. */
export const FLOOR_DIV = 5;
export const RELU_GRAD = 6;
export const TANH_GRAD = 7;
export const SIGMOID_GRAD = 8;
export const CLIP_GRAD = 9;
export const GREATER = 10;
export const GREATER_EQUAL = 11;
export const EQUAL = 12;
export const NOT_EQUAL = 13;
export const AND = 14;
export const OR = 15;
export const XOR = 16;
/** Functions of one number. */
export const EXP = 0;
export const EXPM1 = 1;
export const LOG = 2;
export const TANH = 3;
export const SOFTPLUS = 4;
export const ERF = 5;
export const SELU = 6;
export const SQRT = 7;
export const RSQRT = 8;
export const LEAKY_RELU = 9;
export const SIGMOID = 10;
export const ELU = 11;
/** k-means++ leaves out a row whose sum of squares is not below this. */
export const MAX_SQUARE = 1e34;
/** Numbers of at most this size have finite squares in float32. */
export const MAX_SQUARABLE = 1e18;
/** The largest float32. */
export const MAX_FLOAT32 = 3.4028234663852886e38;
/** Numbers for each channel of what standardized activations are standardized by. */
export const STANDARD_ROWS = 6;
