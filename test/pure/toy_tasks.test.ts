import { describe, expect, it } from "vitest";
import { blockOfTask, parseTask, TaskData, taskNames, type TaskName } from "../../src/data/index.js";
import { shuffled } from "../../src/data/tasks/shuffle.js";
import { DataError, UsageError } from "../../src/errors.js";
import { settingsOf } from "../../src/recipe/settings.js";
import { rowsRight } from "../../src/train/exact_match.js";

/** The rules again, from the text of the prompt alone. */
const rightAnswers: Record<TaskName, (prompt: string, size: number) => string> = {
  copy: (prompt) => prompt,
  reverse: (prompt) => prompt.split("").reduce((text, letter) => letter + text, ""),
  addition: (prompt, size) => String(BigInt(prompt.slice(0, size)) + BigInt(prompt.slice(size + 1))).padStart(size + 1, "0"),
  modular: (prompt, size) => String((Number(prompt.slice(0, prompt.indexOf("+"))) + Number(prompt.slice(prompt.indexOf("+") + 1))) % size).padStart(String(size - 1).length, "0"),
  sorting: (prompt) => Array.from("0123456789", (digit) => digit.repeat(prompt.split(digit).length - 1)).join(""),
  parity: (prompt) => {
    let odd = false;
    return prompt.replace(/./g, (bit) => ((odd = odd !== (bit === "1")), odd ? "1" : "0"));
  },
};

/** Sizes whose problems can all be listed. */
const smallSizes: Record<TaskName, number> = { copy: 3, reverse: 3, addition: 1, modular: 11, sorting: 3, parity: 7 };

describe.each(taskNames)("task:%s", (name) => {
  const size = smallSizes[name];
  const make = (seed = 1, block = 24) => new TaskData(name, { block, batch: 16, seed, size });
  const problemsOf = (data: TaskData, rows: { tokens: Int32Array; targets: Int32Array }) =>
    Array.from({ length: data.batch }, (_, row) => {
      const part = rows.tokens.subarray(row * data.block, (row + 1) * data.block);
      const line = data.vocab.decode(part);
      const targets = rows.targets.subarray(row * data.block, (row + 1) * data.block);
      const places = [...targets.keys()].filter((at) => targets[at] !== -100);
      return { line, prompt: line.slice(0, line.indexOf("=")), places, answer: data.vocab.decode(places.map((at) => targets[at]!)) };
    });

  it("asks for the right answer, at the places after the prompt and nowhere else", () => {
    const data = make();
    for (let round = 0; round < 20; round++) {
      for (const { line, prompt, places, answer } of problemsOf(data, data.next())) {
        expect(answer).toBe(rightAnswers[name](prompt, size));
        expect(line).toBe(`${prompt}=${answer}`.padEnd(24));
        expect(places).toEqual(Array.from(answer, (_, i) => prompt.length + i));
        expect(data.answerTo(prompt)).toBe(answer);
        expect(data.answerTo(`${prompt}=`)).toBe(answer);
      }
    }
  });

  it("shares no problem between training and validation, and between them are all", () => {
    const data = make();
    const held = new Set(Array.from({ length: data.validationProblems }, (_, i) => data.validationProblem(i).prompt));
    expect(held.size).toBe(data.validationProblems);
    const trained = new Set<string>();
    for (let round = 0; round < 400; round++) for (const { prompt } of problemsOf(data, data.next())) trained.add(`${prompt}=`);
    expect([...trained].filter((prompt) => held.has(prompt))).toEqual([]);
    // Every problem has been drawn by now but for a share of about e^-7 of the largest set.
    expect(trained.size).toBeLessThanOrEqual(data.trainProblems);
    expect(trained.size).toBeGreaterThan(0.98 * data.trainProblems);
    expect(data.trainProblems + data.validationProblems).toBe({ copy: 512, reverse: 512, addition: 100, modular: 121, sorting: 1000, parity: 128 }[name]);
    expect(data.validationProblems / (data.trainProblems + data.validationProblems)).toBeCloseTo(name === "modular" ? 0.5 : 0.1, 1);
  });

  it("holds back the same problems whatever the seed, and validates on them in the same order", () => {
    expect(make(2).validationBatches(3)).toEqual(make(1).validationBatches(3));
    expect(make(2).next()).not.toEqual(make(1).next());
    expect(make(2).fingerprint).toBe(make(1).fingerprint);
  });

  it("goes on from its state", () => {
    const data = make(7);
    data.next();
    const state = JSON.parse(JSON.stringify(data.stateDict())) as { seed: number; offset: number };
    const rest = [data.next(), data.next()];
    const other = make(99);
    other.loadStateDict(state);
    expect([other.next(), other.next()]).toEqual(rest);
  });

  it("fits exactly the least block, and says so of a smaller one", () => {
    const least = blockOfTask({ name, size });
    const data = make(1, least);
    const { answer, prompt } = problemsOf(data, data.next())[0]!;
    expect(answer).toBe(rightAnswers[name](prompt, size));
    expect(() => make(1, least - 1)).toThrow(new DataError(`block: a problem of task:${name} takes ${least} tokens, got ${least - 1}; use a block of at least ${least}, or a smaller size`));
  });

  it("has its usual size, its largest, and problems at both ends", () => {
    for (const sizeText of ["", `:${{ copy: 10, reverse: 10, addition: 4, modular: 9999, sorting: 9, parity: 32 }[name]}`]) {
      const choice = parseTask(`task:${name}${sizeText}`);
      const data = new TaskData(name, { size: choice.size, block: 80, batch: 4 });
      for (const { prompt, answer } of [...problemsOf(data, data.next()), ...problemsOf(data, data.validationBatches(1)[0]!)]) expect(answer).toBe(rightAnswers[name](prompt, choice.size));
    }
  });
});

describe("toy tasks", () => {
  it("refuse what is no task, no size or no problem", () => {
    expect(() => parseTask("task:division")).toThrow(
      new UsageError('data: unknown task, got "task:division"; use task:copy, task:reverse, task:addition, task:modular, task:sorting, task:parity'),
    );
    for (const bad of ["0", "5", "-1", "2.5", "x", ""]) expect(() => parseTask(`task:addition:${bad}`)).toThrow(`data: the size of addition is its digits of each number, from 1 to 4, got "${bad}"; for example task:addition:2`);
    expect(() => new TaskData("copy", { block: 20, batch: 4, size: 11 })).toThrow("TaskData: size must be a whole number >= 1 and <= 10, got 11");
    expect(() => new TaskData("copy", { block: 20, batch: 0 })).toThrow("TaskData: batch must be");
    expect(() => new TaskData("copy", { block: 20, batch: 1, steps: 3 } as never)).toThrow('TaskData: unknown option "steps"');
    expect(() => new TaskData("parity", { block: 20, batch: 1, size: 1 })).toThrow(new DataError("task:parity: all 2 problems of size 1 are too few to hold some back; use a larger size"));
    const sums = new TaskData("modular", { block: 20, batch: 1 });
    expect(["1+2", "01+97", "01-02", "01+02=03", "", "=", "ab"].map((text) => sums.answerTo(text))).toEqual(Array(7).fill(null));
    expect(sums.answerTo("96+96=")).toBe("95");
    expect(["01+02", "01+02=", "01+", ""].map((text) => sums.asPrompt(text))).toEqual(["01+02=", "01+02=", "01+", ""]);
  });

  it("are settings of a run", () => {
    expect(settingsOf("small", { data: "task:copy" }).data).toBe("task:copy");
    expect(() => settingsOf("small", { data: "task:copy", block: 15 })).toThrow("block: a problem of task:copy takes 16 tokens, got 15; use block 16, or more");
    expect(() => settingsOf("small", { data: "task:nothing" })).toThrow('data: unknown task, got "task:nothing"');
    expect(() => settingsOf("small", { data: "task:copy", tokenizer: "byte" })).toThrow("tokenizer: a toy task has characters of its own, got byte with data task:copy; leave it out");
  });

  it("repeat validation problems only after all of them", () => {
    const data = new TaskData("parity", { block: 20, batch: 8, size: 5 });
    expect(data.validationProblems).toBe(3);
    expect([0, 1, 2, 3, 4].map((i) => data.validationProblem(i).prompt)).toEqual([0, 1, 2, 0, 1].map((i) => data.validationProblem(i).prompt));
  });
});

describe("shuffled", () => {
  it.each([1, 2, 3, 10, 97, 1000, 9409])("takes every place below %d once", (count) => {
    const places = Array.from({ length: count }, (_, index) => shuffled(index, count, 5));
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, place) => place));
  });

  it("mixes: neighbours land anywhere, and another key is another shuffle", () => {
    const count = 10_000;
    const places = Array.from({ length: count }, (_, index) => shuffled(index, count, 5));
    // The correlation of a random order of 10,000 is below 0.05 with all but certainty.
    const mean = (count - 1) / 2;
    const variance = (count * count - 1) / 12;
    const correlation = (shift: number) => places.slice(shift).reduce((sum, place, i) => sum + (place - mean) * (places[i]! - mean), 0) / (count * variance);
    for (const shift of [1, 2, 100]) expect(Math.abs(correlation(shift))).toBeLessThan(0.05);
    const same = places.filter((place, index) => place === shuffled(index, count, 6)).length;
    expect(same).toBeLessThan(20);
    expect(shuffled(2 ** 32 - 1, 2 ** 32, 5)).toBeLessThan(2 ** 32);
  });
});

describe("rowsRight", () => {
  it("counts rows without a wrong target; what is no target does not count", () => {
    const targets = Int32Array.of(-100, 1, 2, -100, 3, 4, -100, -100, -100);
    const batch = { tokens: targets, targets, shape: [3, 3] as const };
    expect(rowsRight([9, 1, 2, 9, 3, 4, 9, 9, 9], batch)).toBe(3);
    expect(rowsRight([9, 1, 0, 9, 3, 4, 9, 9, 9], batch)).toBe(2);
    expect(rowsRight([9, 0, 2, 9, 3, 0, 9, 9, 9], batch)).toBe(1);
  });
});
