import type { Backend } from "./outcome.js";

/** A test that passes only without the library. The run fails if an entry does not apply any more. */
export interface KnownFault {
  backend: Backend;
  test: string;
  reason: string;
}

/** Tests that assert wrong values, or that something cannot be done. */
export const KNOWN: KnownFault[] = [
  {
    backend: "wasm",
    test: "avgPool test-wasm {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit",
    reason: "It asserts dy / 9 in every window, but the pool divides by the number of entries that are not padding.",
  },
  {
    backend: "wasm",
    test: "depthwiseConv2d gradients test-wasm {} throws error on dilations > 1",
    reason: "It asserts that dilated convolutions have no gradient. With the library they have.",
  },
];

/** Faults of the library that are still to be mended. */
export const TODO: KnownFault[] = [];
