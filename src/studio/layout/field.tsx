// What a control does to training, shown while its field has the focus or the pointer. Escape hides it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import "./field.css";

export interface FieldProps {
  id: string;
  label: string;
  hint: string;
  error?: string | null;
  /** The control below its label, not beside it. */
  wide?: boolean;
  children: ComponentChildren;
}

/** A field with its label, control and hint. The control must carry `id` and `aria-describedby={describedBy(id)}`. */
export function Field({ id, label, hint, error, wide = false, children }: FieldProps) {
  const hidden = useSignal(false);
  const show = () => (hidden.value = false);
  return (
    <div class={wide ? "field wide" : "field"} data-quiet={hidden.value} onFocusIn={show} onPointerEnter={show} onKeyDown={(event) => event.key === "Escape" && (hidden.value = true)}>
      <label for={id}>{label}</label>
      {children}
      <div class="hint" role="tooltip" id={`${id}-hint`}>
        {hint}
      </div>
      <div class="error" id={`${id}-error`}>
        {error}
      </div>
    </div>
  );
}

export function describedBy(id: string): string {
  return `${id}-hint ${id}-error`;
}
