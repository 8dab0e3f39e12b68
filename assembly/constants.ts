// Constants of the formulas that several files need. src/constants.ts has those that src needs, under the same names, and
// tests/binary/constants.test.ts holds them equal. It imports this file as TypeScript, so the values are literals.

/** κ² = ½ log2 e */
export const KAPPA2: f64 = 0.7213475204444817;

/**
 * A variance (with ε) or a prior below these is raised to these; so both may be zero. With a smaller variance 2^-126, the
 * smallest result of exp2, would count in the gradients.
 */
export const MIN_VARIANCE: f64 = 9.094947017729282e-13; // 2^-40
export const MIN_PRIOR: f64 = 1.1754943508222875e-38; // 2^-126, the smallest normal float32
/** With a smaller ε, the formula "ucb" has no component of ε: e_k, up to 1/ε, would be out of range. */
export const MIN_EPSILON: f64 = 1.262177448353619e-29; // 2^-96
/**
 * log2 of the share of a row's largest responsibility below which, in mixture normalization, a responsibility is 0. So the mass
 * of a component is 0, or large enough to divide by.
 */
export const MIN_RESPONSIBILITY_LOG2: f64 = -64;
/**
 * Out of range, a component counts in normalization by moments of the batch only where its responsibility is larger: u² τ is finite
 * there, as u² is at most N_k/τ in a batch of mass N_k.
 */
export const MIN_TAU: f64 = 7.888609052210118e-31; // 2^-100
/** Rows of a tile of a matrix product. */
export const GEMM_ROWS: u32 = 4;
/** Rows in the sample of k-means++, at most. */
export const KMEANS_ROWS: u32 = 1024;
/** What a reduction combines numbers by. */
export const SUM: u32 = 0;
export const MEAN: u32 = 1;
export const PRODUCT: u32 = 2;
export const MAXIMUM: u32 = 3;
export const MINIMUM: u32 = 4;
/** Functions of two numbers, beside MAXIMUM and MINIMUM. The last three are of bytes, and those from GREATER on make bytes. */
export const FLOOR_DIV: u32 = 5;
export const RELU_GRAD: u32 = 6;
export const TANH_GRAD: u32 = 7;
export const SIGMOID_GRAD: u32 = 8;
export const CLIP_GRAD: u32 = 9;
export const GREATER: u32 = 10;
export const GREATER_EQUAL: u32 = 11;
export const EQUAL: u32 = 12;
export const NOT_EQUAL: u32 = 13;
export const AND: u32 = 14;
export const OR: u32 = 15;
export const XOR: u32 = 16;
/** Functions of one number. */
export const EXP: u32 = 0;
export const EXPM1: u32 = 1;
export const LOG: u32 = 2;
export const TANH: u32 = 3;
export const SOFTPLUS: u32 = 4;
export const ERF: u32 = 5;
export const SELU: u32 = 6;
export const SQRT: u32 = 7;
export const RSQRT: u32 = 8;
export const LEAKY_RELU: u32 = 9;
export const SIGMOID: u32 = 10;
export const ELU: u32 = 11;
/** k-means++ leaves out a row whose sum of squares is not below this, or is NaN: so the squared distances of rows are finite. */
export const MAX_SQUARE: f64 = 1e34;
/** Numbers for each channel of what standardized activations are standardized by. */
export const STANDARD_ROWS: u32 = 6;
