// One head's map as a picture: a row for each token, a column for each it may look at.
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../state/theme.js";

/** A pixel a cell; the page's style makes it larger. */
export function AttentionMap({ weights, seq, label }: { weights: Float32Array; seq: number; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const look = theme.value;
  useEffect(() => draw(canvas.current!, weights, seq), [weights, seq, look]);
  return <canvas ref={canvas} class="attention-map" width={seq} height={seq} {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })} />;
}

function draw(canvas: HTMLCanvasElement, weights: Float32Array, seq: number): void {
  const context = canvas.getContext("2d")!;
  const style = getComputedStyle(canvas);
  context.globalAlpha = 1;
  context.fillStyle = style.getPropertyValue("--surface");
  context.fillRect(0, 0, seq, seq);
  for (let i = 0; i < seq; i++) {
    // Later tokens cannot be looked at.
    context.globalAlpha = 1;
    context.fillStyle = style.getPropertyValue("--raised");
    context.fillRect(i + 1, i, seq - i - 1, 1);
    context.fillStyle = style.getPropertyValue("--accent");
    for (let j = 0; j <= i; j++) {
      // A head that looks everywhere has small weights: their square roots can still be seen.
      context.globalAlpha = Math.sqrt(weights[i * seq + j]!);
      context.fillRect(j, i, 1, 1);
    }
  }
}
