// Two panels side by side, of which one fails on demand: while it is drawn, or afterwards in an effect.
import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorBoundary } from "../../src/studio/layout/error_boundary.js";

const broken = signal<"no" | "drawing" | "effect">("no");

function Fragile() {
  const how = broken.value;
  if (how === "drawing") throw new Error("broke while drawing");
  useEffect(() => {
    if (how === "effect") throw new Error("broke in an effect");
  }, [how]);
  return <p>fragile panel</p>;
}

render(
  <>
    <ErrorBoundary name="Fragile">
      <Fragile />
    </ErrorBoundary>
    <ErrorBoundary name="Other">
      <p>other panel</p>
    </ErrorBoundary>
  </>,
  document.body,
);

Object.assign(globalThis, { breakPanel: (how: typeof broken.value) => (broken.value = how) });
