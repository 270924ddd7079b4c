import { dismiss } from "../state/notices.js";
import { notices } from "../state/runs.js";

const words = { info: "Note", warning: "Warning", error: "Error" };

/** Read out as they come: errors at once, the rest when the reader pauses. */
export function Notices() {
  const shown = notices.value;
  const list = (urgent: boolean) =>
    shown
      .filter(({ level }) => (level === "error") === urgent)
      .map(({ id, level, text }) => (
        <div key={id} class={`notice ${level}`}>
          <p>
            <strong>{words[level]}:</strong> {text}
          </p>
          <button onClick={() => dismiss(id)} aria-label={`Dismiss: ${text}`}>
            ×
          </button>
        </div>
      ));
  return (
    <div class="notices">
      <div aria-live="assertive">{list(true)}</div>
      <div aria-live="polite">{list(false)}</div>
    </div>
  );
}
