/** The bytes that hexadecimal digits stand for, in pairs. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  // A loop: parseInt of two digits at a time takes longer.
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digit(text.charCodeAt(2 * i)) + digit(text.charCodeAt(2 * i + 1));
  return bytes;
}

/** Of the code of 0 to 9 or a to f. */
const digit = (code: number) => (code & 15) + 9 * (code >> 6);
