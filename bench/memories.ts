/** Whether it is the memory of TensorFlow.js's threaded build. */
export const isShared = (memory: WebAssembly.Memory | undefined) =>
  typeof SharedArrayBuffer !== "undefined" && memory?.buffer instanceof SharedArrayBuffer;
