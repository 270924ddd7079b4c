// The data that a run can name without bringing a text.
import { describeTask, isTask, parseTask, taskNames, taskPrefix } from "../data/index.js";

export interface BuiltInData {
  /** In `settings.data`, which may add a size to a task's. */
  name: string;
  title: string;
  about: string;
}

export const mobyDick: BuiltInData = { name: "moby-dick", title: "Moby Dick", about: "1.2 million characters of Herman Melville's novel." };

export const toyTasks: readonly BuiltInData[] = taskNames.map((name) => ({ name: taskPrefix + name, title: `${name[0]!.toUpperCase()}${name.slice(1)}`, about: describeTask(name).about }));

/** What `data` names; null for a text of the user's. Throws UsageError for a task that there is not. */
export function builtInData(data: string): BuiltInData | null {
  if (!isTask(data)) return data === mobyDick.name ? mobyDick : null;
  const { name } = parseTask(data);
  return toyTasks.find((task) => task.name === taskPrefix + name)!;
}
