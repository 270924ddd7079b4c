// One sample: its step, its tokens, and a button that copies it.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { isTask } from "../../data/index.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { notify } from "../state/notices.js";
import type { Sample } from "../state/samples.js";
import { isRight, taskLines, taskOf, type TaskLine } from "./task_lines.js";
import { Tokens } from "./tokens.js";

export function SampleView({ sample, settings }: { sample: Sample; settings: TrainSettings }) {
  const { id, step, tokens, writing } = sample;
  const label = `step ${step.toLocaleString("en")}`;
  return (
    <article class="sample" aria-label={`Text of ${label}`} aria-busy={writing}>
      <div class="row sample-head">
        <h2>{label}</h2>
        {writing && <span class="muted small">writing…</span>}
        <Copy text={tokens.map(({ text }) => text).join("")} />
      </div>
      {isTask(settings.data) ? <Answers sample={sample} settings={settings} /> : <Tokens sample={id} tokens={tokens} label={`Tokens of ${label}`} />}
    </article>
  );
}

function Answers({ sample: { id, tokens, writing }, settings }: { sample: Sample; settings: TrainSettings }) {
  const task = useMemo(() => taskOf(settings), [settings.data, settings.block]);
  const lines = taskLines(tokens, task);
  const judged = lines.map(isRight).filter((right) => right !== null);
  return (
    <>
      <table class="answers">
        <thead>
          <tr>
            <th scope="col">Problem</th>
            <th scope="col">Answer</th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.start}>
              <td class="mono">{line.prompt}</td>
              <td>
                <Tokens sample={id} tokens={line.answer} start={line.start} label={`Answer to ${line.prompt}`} />
              </td>
              <td>
                <Verdict line={line} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {!writing && judged.length > 1 && (
        <p class="muted small">
          {judged.filter(Boolean).length} of {judged.length} right in every character.
        </p>
      )}
    </>
  );
}

function Verdict({ line }: { line: TaskLine }) {
  const right = isRight(line);
  if (right === null) return <span class="muted">{line.right === null ? "no problem of this task" : "…"}</span>;
  return right ? (
    <span class="right">✓ right</span>
  ) : (
    <span class="error">
      ✗ wrong, it is <span class="mono">{line.right}</span>
    </span>
  );
}

function Copy({ text }: { text: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = true;
      setTimeout(() => (copied.value = false), 2000);
    } catch {
      notify("warning", "The browser does not let the page copy. Select the text and copy it by hand.");
    }
  };
  return (
    <button type="button" class="copy" onClick={() => void copy()} title="Copies the prompt and what the model wrote">
      {copied.value ? "Copied" : "Copy"}
    </button>
  );
}
