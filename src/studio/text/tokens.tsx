// Text as tokens, shaded by how unlikely the model found them. One stop for the Tab key; arrows go from token to token.
import type { SampledToken } from "../protocol.js";
import { active } from "./state.js";
import { percent, visible } from "./words.js";

export interface TokensProps {
  /** Whose tokens they are. */
  sample: number;
  tokens: readonly SampledToken[];
  /** Of the first of them among the sample's. */
  start?: number;
  label: string;
}

export function Tokens({ sample, tokens, start = 0, label }: TokensProps) {
  const chosen = active.value?.sample === sample ? active.value.token - start : -1;
  const isHere = chosen >= 0 && chosen < tokens.length;
  const choose = (index: number) => {
    active.value = { sample, token: start + Math.max(0, Math.min(tokens.length - 1, index)) };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextIndex(event.key, isHere ? chosen : 0, tokens.length);
    if (next === null) return;
    event.preventDefault();
    choose(next);
  };
  const idOf = (index: number) => `token-${sample}-${start + index}`;
  const onPointer = (event: PointerEvent) => {
    const index = (event.target as HTMLElement).dataset.index;
    if (index !== undefined) choose(Number(index));
  };
  return (
    <div class="tokens" role="listbox" tabIndex={0} aria-label={label} aria-activedescendant={isHere ? idOf(chosen) : undefined} onKeyDown={onKeyDown} onFocus={() => !isHere && choose(0)} onPointerOver={onPointer} onPointerDown={onPointer}>
      {tokens.map((token, index) => (
        <span
          key={index}
          id={idOf(index)}
          data-index={index}
          role="option"
          aria-selected={index === chosen}
          aria-label={token.given ? `${visible(token.text)}, given` : `${visible(token.text)}, ${percent(token.probability)}`}
          class={token.given ? "given" : undefined}
          style={{ "--unlikely": String(1 - token.probability) }}
        >
          {token.text.replace(/\n/g, "↵\n")}
        </span>
      ))}
    </div>
  );
}

function nextIndex(key: string, now: number, count: number): number | null {
  if (key === "ArrowRight" || key === "ArrowDown") return now + 1;
  if (key === "ArrowLeft" || key === "ArrowUp") return now - 1;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}
