// Tabs by the ARIA pattern: one stop for the Tab key, arrows between them. Panels stay mounted, so that none forgets its state.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { ErrorBoundary } from "./error_boundary.js";
import type { Panel } from "./panels.js";

export function Tabs({ label, panels }: { label: string; panels: readonly Panel[] }) {
  const chosen = useSignal(panels[0]?.id ?? "");
  const list = useRef<HTMLDivElement>(null);
  const choose = (id: string, focus: boolean) => {
    chosen.value = id;
    if (focus) list.current?.querySelector<HTMLElement>(`#tab-${id}`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = panels[nextIndex(event.key, panels.findIndex(({ id }) => id === chosen.value), panels.length)];
    if (!next) return;
    event.preventDefault();
    choose(next.id, true);
  };
  return (
    <div class="tabs panel">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {panels.map(({ id, title }) => (
          <button key={id} role="tab" id={`tab-${id}`} aria-selected={id === chosen.value} aria-controls={`panel-${id}`} tabIndex={id === chosen.value ? 0 : -1} onClick={() => choose(id, false)}>
            {title}
          </button>
        ))}
      </div>
      {panels.map(({ id, title, component: Content }) => (
        <div key={id} role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`} hidden={id !== chosen.value}>
          <ErrorBoundary name={title}>
            <Content />
          </ErrorBoundary>
        </div>
      ))}
    </div>
  );
}

/** -1 for a key that moves nothing. */
function nextIndex(key: string, now: number, count: number): number {
  if (key === "ArrowRight") return (now + 1) % count;
  if (key === "ArrowLeft") return (now + count - 1) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : -1;
}
