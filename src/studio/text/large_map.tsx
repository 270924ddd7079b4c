// The chosen head's map with its tokens beside it; pointer or arrow keys say what a cell means.
import type { CSSProperties } from "preact";
import { narrow } from "../state/narrow.js";
import { AttentionMap } from "./attention_map.js";
import { cell, strongest, type Cell } from "./attention_state.js";
import { visible } from "./words.js";

export interface LargeMapProps {
  tokens: readonly string[];
  weights: Float32Array;
  name: string;
}

/** Pixels of a cell: small enough for the panel, large enough for its letter. */
const [smallest, largest] = [12, 32];
/** Of the map as a whole: as wide as a phone, with its letters beside it. */
const [wide, phone] = [460, 330];

export function LargeMap({ tokens, weights, name }: LargeMapProps) {
  const seq = tokens.length;
  const size = Math.max(smallest, Math.min(largest, Math.floor((narrow.value ? phone : wide) / seq)));
  const at = cell.value && cell.value.i < seq ? cell.value : null;
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [j, i] = [event.clientX - box.left, event.clientY - box.top].map((distance) => Math.floor(distance / size)) as [number, number];
    if (i >= 0 && i < seq && j >= 0 && j <= i) cell.value = { i, j };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(event.key, at ?? { i: 0, j: 0 }, seq);
    if (!next) return;
    event.preventDefault();
    cell.value = next;
  };
  const style = { "--cell": `${size}px`, "--seq": String(seq) } as CSSProperties;
  return (
    <div class="large-map">
      <p class="attention-status" role="status">
        {at ? <Meaning tokens={tokens} weights={weights} at={at} /> : "Point at a cell."}
      </p>
      <div class="large-map-scroll" tabIndex={0} role="group" aria-label={`${name}. Rows look at columns. Arrow keys move over the cells.`} onKeyDown={onKeyDown}>
        <div class="large-map-grid" style={style}>
          <div class="columns" aria-hidden="true">
            {tokens.map((token, j) => (
              <span key={j} data-on={at?.j === j} class={[...visible(token)].length > 1 ? "long" : undefined}>
                {visible(token)}
              </span>
            ))}
          </div>
          <div class="rows" aria-hidden="true">
            {tokens.map((token, i) => (
              <span key={i} data-on={at?.i === i}>
                {visible(token)}
              </span>
            ))}
          </div>
          <div class="cells" onPointerMove={point} onPointerDown={point}>
            <AttentionMap weights={weights} seq={seq} label={`${name}, ${seq} tokens; the table below says the same in words`} />
            {at && <div class="cell" style={{ left: `${at.j * size}px`, top: `${at.i * size}px` }} />}
          </div>
        </div>
      </div>
      <details>
        <summary>Where each token looks most, as a table</summary>
        <StrongestTable tokens={tokens} weights={weights} />
      </details>
    </div>
  );
}

function Meaning({ tokens, weights, at: { i, j } }: { tokens: readonly string[]; weights: Float32Array; at: Cell }) {
  return (
    <>
      <code>{visible(tokens[i]!)}</code> (token {i + 1}) looks at <code>{visible(tokens[j]!)}</code> (token {j + 1}): <b>{weights[i * tokens.length + j]!.toFixed(2)}</b>
    </>
  );
}

const listed = 3;

function StrongestTable({ tokens, weights }: { tokens: readonly string[]; weights: Float32Array }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">looks most at</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token, i) => (
          <tr key={i}>
            <th scope="row">
              {i + 1}: <code>{visible(token)}</code>
            </th>
            <td>
              {strongest(weights, i, tokens.length, listed)
                .map(({ j, weight }) => `${j + 1}: ${visible(tokens[j]!)} ${weight.toFixed(2)}`)
                .join(", ")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Null for a key that moves nothing. A token looks at itself and those before it. */
function moved(key: string, { i, j }: Cell, seq: number): Cell | null {
  if (key === "ArrowLeft") return { i, j: Math.max(0, j - 1) };
  if (key === "ArrowRight") return { i, j: Math.min(i, j + 1) };
  if (key === "ArrowUp") return { i: Math.max(0, i - 1), j: Math.min(j, Math.max(0, i - 1)) };
  if (key === "ArrowDown") return { i: Math.min(seq - 1, i + 1), j };
  return null;
}
