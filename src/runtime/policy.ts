/**
 * Listens for scripts and workers that the Content-Security-Policy of a page, or of a worker, forbids.
 *
 * @param tell is told what, and by which directive
 * @returns ends it
 */
export function watchPolicy(tell: (what: string) => void): () => void {
  if (typeof globalThis.addEventListener !== "function") return () => {};
  const listen = (event: Event) => {
    const { blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (!/^(worker|script|child)-src/.test(effectiveDirective)) return;
    tell(`the page's Content-Security-Policy forbids '${blockedURI}' by ${effectiveDirective}`);
  };
  globalThis.addEventListener("securitypolicyviolation", listen);
  return () => globalThis.removeEventListener("securitypolicyviolation", listen);
}
