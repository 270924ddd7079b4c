// A sample of a toy task as problems and answers.
import { parseTask, TaskData, type TaskChoice } from "../../data/index.js";
import type { TrainSettings } from "../../recipe/settings.js";
import type { SampledToken } from "../protocol.js";

export interface TaskLine {
  prompt: string;
  /** The model's, and where it begins among the sample's tokens. */
  answer: readonly SampledToken[];
  start: number;
  /** The right answer; null for a prompt that is no problem of the task. */
  right: string | null;
}

/** Throws UsageError or DataError for settings that no run can have. */
export function taskOf({ data, block }: TrainSettings): TaskData {
  const { name, size }: TaskChoice = parseTask(data);
  return new TaskData(name, { size, block, batch: 1 });
}

/** A problem begins with a prompt that was given; a given line end parts them. */
export function taskLines(tokens: readonly SampledToken[], task: Pick<TaskData, "answerTo">): TaskLine[] {
  const lines: { prompt: string; answer: SampledToken[]; start: number }[] = [];
  tokens.forEach((token, i) => {
    if (!token.given) lines.at(-1)?.answer.push(token);
    else if (token.text !== "\n") lines.push({ prompt: token.text, answer: [], start: i + 1 });
  });
  return lines.map((line) => ({ ...line, right: task.answerTo(line.prompt) }));
}

/** Null while the answer is not whole, or where nobody knows the right one. */
export function isRight({ answer, right }: TaskLine): boolean | null {
  if (right === null || answer.length < right.length) return null;
  return answer.map(({ text }) => text).join("") === right;
}
