/** The page's element with this id. @throws Error where there is none of this class */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type))
    throw new Error(`the page must have a ${type.name} with the id ${id}, got ${found?.nodeName ?? "none"}`);
  return found;
}

export const button = (id: string) => element(id, HTMLButtonElement);
export const canvas = (id: string) => element(id, HTMLCanvasElement);
export const input = (id: string) => element(id, HTMLInputElement);
export const select = (id: string) => element(id, HTMLSelectElement);

/** Shows rows in the body of a table. The first cell of each is its head. */
export function fillTable(id: string, rows: (string | HTMLElement)[][]): void {
  const body = element(id, HTMLTableElement).tBodies[0] as HTMLTableSectionElement;
  const made = rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(
      ...cells.map((content, i) => {
        const cell = document.createElement(i === 0 ? "th" : "td");
        if (i === 0) cell.scope = "row";
        cell.append(content);
        return cell;
      }),
    );
    return row;
  });
  body.replaceChildren(...made);
}

export function fillSelect(to: HTMLSelectElement, options: { value: string; text: string }[], value: string): void {
  to.replaceChildren(...options.map((option) => new Option(option.text, option.value)));
  to.value = value;
}

/** A bar whose text says its value, too. */
export function meter(value: number, max: number, text: string): HTMLMeterElement {
  const bar = document.createElement("meter");
  Object.assign(bar, { min: 0, max, value, textContent: text });
  bar.setAttribute("aria-label", text);
  return bar;
}

/** Offers a text as a file. */
export function offerFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url));
}

/** Calls at most once in `interval()` ms, and a last time after the last request. */
export function throttled(interval: () => number, call: () => void): () => void {
  let waiting = false;
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(
      () => {
        waiting = false;
        last = performance.now();
        call();
      },
      Math.max(0, interval() - (performance.now() - last)),
    );
  };
}
