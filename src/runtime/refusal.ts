/** Why something is not to be had here: not there, or not wanted. Anything else that is thrown says that it is broken. */
export class Refusal extends Error {
  override name = "Refusal";
}
