// npm run build && npx vite examples/react: a model in a React app. StrictMode mounts each component twice, and still there is one model;
// a hot reload keeps it, with all that it has learned; when nothing shows it any more, it is disposed.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.js";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
