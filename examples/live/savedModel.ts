/** A model in one file of JSON, as examples/worker/model.json. */
export interface SavedModel {
  modelTopology: object;
  weightSpecs: object[];
  /** The weights' bytes in base64. */
  weights: string;
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** @throws Error where the text is not a model's */
export function parseModel(text: string): SavedModel {
  const model = parse(text) as Partial<SavedModel> | null;
  const { modelTopology, weightSpecs, weights } = model ?? {};
  if (typeof modelTopology !== "object" || !Array.isArray(weightSpecs) || typeof weights !== "string") {
    throw new Error(
      `the file must hold a model: modelTopology, weightSpecs and weights, got ${Object.keys(model ?? {}).join(", ")}`,
    );
  }
  return { modelTopology, weightSpecs, weights };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`the file must hold a model in JSON, got text that is not JSON: ${(error as Error).message}`);
  }
}
