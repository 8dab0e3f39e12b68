import { useEffect } from "react";
import { start } from "../app.js";

/** TensorFlow.js's binaries are in the folder public. */
export default function Page() {
  useEffect(() => {
    start("/tensorflow/");
  }, []);
  return null;
}
