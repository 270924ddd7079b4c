// The toy tasks: which problems there are, numbered, and what is the right answer to each.

/** A family of problems of one length. `size` says how large they are, such as the digits of a number. */
export interface TaskDefinition {
  /** What is asked, and why it is worth training on. */
  about: string;
  /** What `size` counts, and which sizes there are. */
  size: { means: string; usual: number; min: number; max: number };
  /** Share of the problems held back for validation. */
  validation: number;
  /** Characters of prompts and answers. */
  characters(size: number): string;
  /** How many problems there are, at most 2^32. */
  count(size: number): number;
  /** The problem with that number, without "=". */
  prompt(index: number, size: number): string;
  /** Whether a text is one of the problems. */
  isPrompt(text: string, size: number): boolean;
  /** Of the same length for every problem. */
  answer(prompt: string, size: number): string;
}

const digits = "0123456789";
const letters = "abcdefgh";
const usualShare = 0.1;

/** Problems that are `size` characters of an alphabet. */
function ofStrings(alphabet: string, answer: (prompt: string) => string): Pick<TaskDefinition, "characters" | "count" | "prompt" | "isPrompt" | "answer"> {
  const base = alphabet.length;
  return {
    characters: () => alphabet,
    count: (size) => base ** size,
    prompt: (index, size) => Array.from({ length: size }, (_, place) => alphabet[Math.floor(index / base ** place) % base]).join(""),
    isPrompt: (text, size) => text.length === size && [...text].every((character) => alphabet.includes(character)),
    answer,
  };
}

/** Problems "a+b" of two numbers below `bound`, each written with as many digits as the largest. */
function ofSums(bound: (size: number) => number, answer: (a: number, b: number, size: number) => string): Pick<TaskDefinition, "characters" | "count" | "prompt" | "isPrompt" | "answer"> {
  const places = (size: number) => String(bound(size) - 1).length;
  const parts = (text: string) => text.split("+").map(Number) as [number, number];
  return {
    characters: () => `${digits}+`,
    count: (size) => bound(size) ** 2,
    prompt: (index, size) => [Math.floor(index / bound(size)), index % bound(size)].map((value) => padded(value, places(size))).join("+"),
    isPrompt: (text, size) => new RegExp(`^\\d{${places(size)}}\\+\\d{${places(size)}}$`).test(text) && parts(text).every((value) => value < bound(size)),
    answer: (prompt, size) => answer(...parts(prompt), size),
  };
}

function padded(value: number, places: number): string {
  return String(value).padStart(places, "0");
}

export const definitions = {
  copy: {
    about: "Letters, to be written again. A head has to look back by a fixed distance.",
    size: { means: "letters", usual: 8, min: 1, max: 10 },
    validation: usualShare,
    ...ofStrings(letters, (prompt) => prompt),
  },
  reverse: {
    about: "Letters, to be written backwards. A head has to look back by a distance that grows.",
    size: { means: "letters", usual: 8, min: 1, max: 10 },
    validation: usualShare,
    ...ofStrings(letters, (prompt) => [...prompt].reverse().join("")),
  },
  addition: {
    about: "The sum of two numbers. The first digit of the answer needs every carry.",
    size: { means: "digits of each number", usual: 2, min: 1, max: 4 },
    validation: usualShare,
    ...ofSums(
      (size) => 10 ** size,
      (a, b, size) => padded(a + b, size + 1),
    ),
  },
  modular: {
    about: "The sum of two numbers modulo a prime. Half of all pairs is held back: long after the training loss is low, the validation loss may fall at once (grokking).",
    size: { means: "modulus", usual: 97, min: 2, max: 9999 },
    // Power et al. 2022, "Grokking", train on shares of all pairs around one half.
    validation: 0.5,
    ...ofSums(
      (size) => size,
      (a, b, size) => padded((a + b) % size, String(size - 1).length),
    ),
  },
  sorting: {
    about: "Digits, to be written in rising order.",
    size: { means: "digits", usual: 8, min: 1, max: 9 },
    validation: usualShare,
    ...ofStrings(digits, (prompt) => [...prompt].sort().join("")),
  },
  parity: {
    about: "Bits; the answer is whether the number of ones so far is odd, after each bit. The last is the parity of all.",
    size: { means: "bits", usual: 10, min: 1, max: 32 },
    validation: usualShare,
    ...ofStrings("01", (prompt) => [...prompt].map((_, i) => String([...prompt.slice(0, i + 1)].filter((bit) => bit === "1").length % 2)).join("")),
  },
} as const satisfies Record<string, TaskDefinition>;
