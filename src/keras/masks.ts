import { type Call, callName, type Source } from "./calls.js";
import { type Entry, isEntry, type KerasVersion, unreadable } from "./topologyTypes.js";

// Keras 3 writes the masks that layers hand on as tensors that operations compute. TensorFlow.js computes the same masks by itself.

/** Of a recurrent layer, or of one forward and backward, the key. */
const returnsSequences = ({ config }: Entry) =>
  (isEntry(config.layer) ? config.layer.config.return_sequences : config.return_sequences) === true;

/** @throws Error where a layer gives zeros for masked places: TensorFlow.js's gives the output before */
export function checkMasked(layer: Entry, keras: KerasVersion): void {
  const isZero = layer.class_name === "Bidirectional" || layer.config.zero_output_for_mask === true;
  if (isZero && returnsSequences(layer))
    throw unreadable(layer, keras, "return_sequences", "be false where places are masked", true);
}

export const makesMask = ({ class_name, config }: Entry) =>
  class_name === "Masking" || (class_name === "Embedding" && config.mask_zero === true);

/** checkMasked for layers in a row. */
export function checkMaskedInRow(layers: Entry[], keras: KerasVersion): void {
  let isMasked = false;
  for (const layer of layers) {
    if (isMasked) checkMasked(layer, keras);
    const isRecurrent = "return_sequences" in layer.config || layer.class_name === "Bidirectional";
    const ends = isRecurrent
      ? !returnsSequences(layer)
      : /^(Flatten|Global|RepeatVector|Reshape|Permute|Conv|Max|Average)/.test(layer.class_name);
    isMasked = makesMask(layer) || (isMasked && !ends);
  }
}

/** A layer or an operation of a model, with its calls. */
export interface Called {
  entry: Entry;
  calls: Call[];
  isOperation: boolean;
}

/** What masks are computed by, from those that Embedding and Masking make. */
const OF_MASKS = new Set(["Any", "LogicalAnd", "LogicalOr", "BroadcastTo", "Concatenate", "ExpandDims"]);

const sameSource = ([layer, node, tensor]: Source, other: Source | undefined) =>
  layer === other?.[0] && node === other[1] && tensor === other[2];

/** Whether x ≠ value is the mask that an Embedding or a Masking of x makes. */
function isMadeByLayer(model: Called[], x: Source | undefined, value: unknown): boolean {
  return model.some(({ entry: { class_name, config }, calls }) => {
    const masks =
      class_name === "Embedding"
        ? config.mask_zero === true && value === 0
        : class_name === "Masking" && config.mask_value === value;
    return masks && x !== undefined && calls.some(({ inputs }) => sameSource(x, inputs[0]));
  });
}

/**
 * The layers of a model that TensorFlow.js needs: without operations that make nothing but masks.
 *
 * @throws Error where a layer is given a mask that TensorFlow.js would not compute
 */
export function withoutMasks(model: Called[], outputs: Source[], keras: KerasVersion): Called[] {
  const byName = new Map(model.map((called) => [callName(called.entry), called]));
  const isAutomatic = ([name]: Source): boolean => {
    const made = byName.get(name);
    if (!made?.isOperation) return false;
    const [call] = made.calls;
    if (made.entry.class_name === "NotEqual") return isMadeByLayer(model, call?.inputs[0], call?.constants[0]?.[1]);
    return OF_MASKS.has(made.entry.class_name) && (call?.inputs.every(isAutomatic) ?? false);
  };
  for (const { entry, calls } of model) {
    const given = calls.flatMap(({ masks }) => masks).find((mask) => !isAutomatic(mask));
    if (given) throw unreadable(entry, keras, "mask", "be one that an Embedding or a Masking layer makes", given);
  }
  // Calls of Keras 2 say nothing of masks.
  const isAnyMasked = !keras.isKeras3 && model.some(({ entry }) => makesMask(entry));
  for (const { entry, calls } of model) if (isAnyMasked || calls.some(({ masks }) => masks.length > 0)) checkMasked(entry, keras);
  let left = model;
  for (;;) {
    const used = new Set(
      [...outputs, ...left.flatMap(({ calls }) => calls.flatMap(({ inputs }) => inputs))].map(([name]) => name),
    );
    const needed = left.filter(({ entry, isOperation }) => !isOperation || used.has(callName(entry)));
    if (needed.length === left.length) return needed;
    left = needed;
  }
}
