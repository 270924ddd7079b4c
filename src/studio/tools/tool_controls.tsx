// What every tool has: a button that starts it, its progress with Cancel, and how it ended.
import type { ComponentChildren } from "preact";
import { telling } from "../state/notices.js";
import { training } from "../state/runs.js";
import { atWork, cancel, endings, type ToolName } from "./state.js";

interface Props {
  tool: ToolName;
  label: string;
  /** What pressing it does, the run that trains included. */
  help: string;
  /** Why it cannot be pressed. */
  against: string | null;
  start: () => Promise<void>;
  children?: ComponentChildren;
}

export function ToolControls({ tool, label, help, against, start, children }: Props) {
  const mine = atWork.value?.tool === tool ? atWork.value : null;
  const other = atWork.value !== null && !mine ? "Another tool is at work." : null;
  const reason = mine ? null : (other ?? against);
  const ending = endings.value[tool];
  return (
    <>
      <div class="row">
        <button type="button" disabled={mine !== null || reason !== null} title={help} aria-describedby={`tool-${tool}-why`} onClick={() => void telling(start)}>
          {label}
        </button>
        {mine && (
          <button type="button" disabled={mine.cancelling} title="Ends the tool and puts everything back" onClick={() => void telling(cancel)}>
            {mine.cancelling ? "Cancelling…" : "Cancel"}
          </button>
        )}
        {children}
      </div>
      <p id={`tool-${tool}-why`} class="small muted">
        {reason ?? (!mine && tool !== "sharpness" && training.value ? "Pauses the run that trains; Resume goes on with it exactly where it was." : null)}
      </p>
      {mine && (
        <p class="tool-progress">
          <progress max={1} value={mine.share} aria-label={`${label}: progress`} /> <span>{mine.text}</span>
        </p>
      )}
      <p role="status" class={ending?.failed ? "error" : "muted"}>
        {ending?.text}
      </p>
    </>
  );
}
