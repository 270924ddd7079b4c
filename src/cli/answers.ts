// What a model answers to problems of its toy task.
import pc from "picocolors";
import type { TaskData, TaskProblem } from "../data/index.js";
import { generate, type GPT } from "../nn/index.js";
import { exactMatch } from "../train/index.js";
import { count, shareOfAll } from "./format.js";

const shown = 8;
/** Batches of problems that were held back, for the share. */
const counted = 8;

/** Answers to the first problems held back, and the share of right ones among more of them. */
export async function printAnswers(model: GPT, data: TaskData, signal?: AbortSignal): Promise<void> {
  console.log(`\n${pc.dim("--- problems it was not trained on ---")}`);
  for (let i = 0; i < Math.min(shown, data.validationProblems); i++) {
    const problem = data.validationProblem(i);
    console.log(answerLine(problem, await answerOf(model, data, problem, signal)));
  }
  const batches = data.validationBatches(counted);
  console.log(`${shareOfAll(await exactMatch(model.device, model, batches))} of ${count(batches.length * data.batch)} right in every character`);
  console.log(`${pc.dim("--------------------------------------")}\n`);
}

/** The likeliest answer, decoded token by token. */
export async function answerOf(model: GPT, { vocab }: TaskData, { prompt, answer }: TaskProblem, signal?: AbortSignal): Promise<string> {
  const tokens = await generate(model, vocab.encode(prompt), { maxNewTokens: answer.length, temperature: 0, ...(signal && { signal }) });
  return vocab.decode(tokens);
}

export function answerLine({ prompt, answer }: TaskProblem, given: string): string {
  return `${prompt}${given}   ${given === answer ? pc.green("right") : `${pc.red("wrong")}, it is ${answer}`}`;
}
