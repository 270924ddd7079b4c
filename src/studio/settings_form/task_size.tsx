// How hard a toy task is: the number behind its name in `settings.data`.
import { describeTask, isTask, parseTask, taskPrefix, type TaskChoice } from "../../data/index.js";
import { describedBy, Field } from "../layout/field.js";
import { changeSettings, errorOf, settings } from "../state/settings.js";

const id = "task-size";

export function TaskSize() {
  const task = knownTask();
  if (!task) return null;
  const { means, min, max } = describeTask(task.name).size;
  return (
    <Field id={id} label={`Size: ${means}`} hint="Larger problems are harder: they take a longer context and more steps to learn.">
      <input type="number" id={id} aria-describedby={describedBy(id)} min={min} max={max} value={task.size} onInput={(event) => changeSettings({ data: `${taskPrefix}${task.name}:${event.currentTarget.value}` })} />
    </Field>
  );
}

function knownTask(): TaskChoice | null {
  const { data } = settings.value;
  let task: TaskChoice | null = null;
  if (isTask(data)) errorOf(() => (task = parseTask(data)));
  // A size that cannot be is still being typed: the field stays, and the error stands at the data.
  if (isTask(data) && !task) errorOf(() => (task = parseTask(data.split(":").slice(0, 2).join(":"))));
  return task;
}
