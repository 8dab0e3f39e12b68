// The page: it registers the service worker, and asks it as it would ask a server.
const button = document.querySelector("button") as HTMLButtonElement;
const form = document.querySelector("form") as HTMLFormElement;
const status = document.querySelector("[role=status]") as HTMLElement;

async function start(): Promise<void> {
  await navigator.serviceWorker.register("serviceWorker.js", { type: "module" });
  await navigator.serviceWorker.ready;
  // At the first visit the service worker takes the page over a little later.
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  }
  button.disabled = false;
  status.textContent = "Ready";
}

async function predict(): Promise<void> {
  const data = new FormData(form);
  const inputs = [["x", "y"].map((name) => Number(data.get(name)))];
  const response = await fetch("predict", { method: "POST", body: JSON.stringify({ inputs }) });
  const { error, probabilities, tensors } = await response.json();
  status.textContent =
    error ?? `Probabilities ${probabilities[0].map((p: number) => p.toFixed(3)).join(", ")}; ${tensors} tensors`;
}

const showError = (error: Error) => {
  status.textContent = `Error: ${error.message}`;
};
form.onsubmit = (event) => {
  event.preventDefault();
  predict().catch(showError);
};
start().catch(showError);
