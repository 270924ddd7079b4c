// Drawing by frames: many changes, one drawing, and none in a tab that nobody sees.
const waiting = new Set<() => void>();
let frame = 0;

/** Calls `draw` in the next frame, once, however often it is asked for until then. */
export function drawSoon(draw: () => void): void {
  waiting.add(draw);
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const all = [...waiting];
    waiting.clear();
    for (const one of all) one();
  });
}

export function forgetDrawing(draw: () => void): void {
  waiting.delete(draw);
}
