import { engine, getBackend, setBackend } from "@tensorflow/tfjs-core";

// How TensorFlow.js's engine initializes backends. `pendingBackendInit`, `registry`, `registryFactory` and `backendName` are not
// documented.

/** Settles when an initialization that is under way has ended. */
export async function pendingInitialization(): Promise<void> {
  await (engine() as unknown as { pendingBackendInit?: Promise<boolean> }).pendingBackendInit;
}

/** Makes the backend that was in use current again. Where there was none, TensorFlow.js chooses at the first operation, as before. */
export async function restoreBackend(before: string | undefined): Promise<void> {
  if (before) await setBackend(before);
  // A failed tf.setBackend leaves a name without a backend behind.
  else if (!engine().registry[getBackend()]) engine().backendName = before as unknown as string;
}

/** tf.setBackend, but a failure is thrown, where TensorFlow.js logs it and returns false. */
export async function initializeBackend(name: string): Promise<void> {
  const registration = engine().registryFactory[name];
  if (!registration) throw new Error(`there is no backend '${name}'`);
  const { factory } = registration;
  let failure: unknown = `the backend '${name}' could not be initialized`;
  const fail = (error: unknown) => {
    failure = error;
  };
  registration.factory = () => {
    try {
      const made = factory();
      Promise.resolve(made).catch(fail);
      return made;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  try {
    if (!(await setBackend(name))) throw failure;
  } finally {
    registration.factory = factory;
  }
}
