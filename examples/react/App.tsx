import * as tf from "@tensorflow/tfjs-core";
import { Suspense, use, useEffect, useState, useSyncExternalStore } from "react";
import { startBackend } from "./backend.js";
import { getSnapshot, subscribe, train } from "./trainer.js";

const started = startBackend();

/** Shows the model, and trains it. The model is there as long as a component subscribes to it. */
function Trainer() {
  use(started);
  const { steps, loss, made } = useSyncExternalStore(subscribe, getSnapshot);
  const [isTraining, setTraining] = useState(false);

  async function click() {
    setTraining(true);
    await train(20);
    setTraining(false);
  }

  return (
    <section>
      <button type="button" onClick={click} disabled={isTraining}>
        Train
      </button>
      <p>
        Steps: <output name="steps">{steps}</output>, loss: <output name="loss">{loss?.toFixed(4)}</output>, models made:{" "}
        <output name="made">{made}</output>
      </p>
    </section>
  );
}

function Tensors() {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setCount(tf.memory().numTensors), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <p>
      Tensors in memory: <output name="tensors">{count}</output>
    </p>
  );
}

export function App() {
  const [isShown, setShown] = useState(true);
  return (
    <main>
      <h1>A model in React</h1>
      <button type="button" onClick={() => setShown(!isShown)}>
        {isShown ? "Hide" : "Show"}
      </button>
      {isShown && (
        <Suspense fallback={<p>Starting …</p>}>
          <Trainer />
        </Suspense>
      )}
      <Tensors />
    </main>
  );
}
