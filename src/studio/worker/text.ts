// What a model in training writes, and where it looks: for the worker, between two steps.
import { TaskData, TokenStream, type TokenData, type Tokenizer } from "../../data/index.js";
import { generate, type GPT, type TokenChoice } from "../../nn/index.js";
import { fromArray } from "../../ops/index.js";
import { scope } from "../../tensor/scope.js";
import type { AttentionMaps, SampledToken, SampleRequest } from "../protocol.js";

/** What a text is made with. */
export interface Writer {
  model: GPT;
  data: TokenData;
}

/** Told of each token. */
const alternatives = 6;
/** Problems of a toy task that are answered where none is asked. */
const problemsShown = 8;

/**
 * Writes on from the prompt, which is told first.
 *
 * Throws: DataError for a prompt that the vocabulary cannot spell; the signal's reason; KilnError for a model that has diverged.
 */
export async function sampleText(writer: Writer, request: SampleRequest, onToken: (token: SampledToken) => void, signal?: AbortSignal): Promise<void> {
  const { data } = writer;
  if (!(data instanceof TaskData)) return writeOn(writer, request.prompt || data.firstPrompt, request.length, request, onToken, signal);
  if (request.prompt !== "") {
    const prompt = data.asPrompt(request.prompt);
    return writeOn(writer, prompt, data.answerTo(prompt)?.length ?? request.length, request, onToken, signal);
  }
  for (let i = 0; i < Math.min(problemsShown, data.validationProblems); i++) {
    const { prompt, answer } = data.validationProblem(i);
    if (i > 0) onToken(given("\n"));
    // As exact match counts them: the likeliest answer.
    await writeOn(writer, prompt, answer.length, { ...request, temperature: 0 }, onToken, signal);
  }
}

async function writeOn({ model, data: { vocab } }: Writer, prompt: string, length: number, { temperature, topP, seed }: SampleRequest, onToken: (token: SampledToken) => void, signal?: AbortSignal): Promise<void> {
  const stream = new TokenStream(vocab);
  const start = vocab.encode(prompt);
  onToken(given(prompt));
  await generate(model, start, {
    maxNewTokens: length,
    temperature,
    topP,
    seed,
    alternatives,
    onToken: (token, choice) => onToken(sampledToken(vocab, stream.add(token), choice!)),
    ...(signal && { signal }),
  });
}

function given(text: string): SampledToken {
  return { text, given: true, probability: 1, alternatives: [] };
}

function sampledToken(vocab: Tokenizer, text: string, { probability, alternatives }: TokenChoice): SampledToken {
  return { text, given: false, probability, alternatives: alternatives.map((other) => ({ text: vocab.decode([other.token]), probability: other.probability })) };
}

/** Where the tokens of a text look, of its last `block` tokens. Throws DataError for what the vocabulary cannot spell. */
export async function attentionMaps({ model, data: { vocab, firstPrompt } }: Writer, text: string): Promise<AttentionMaps> {
  const { block, heads } = model.config;
  const tokens = vocab.encode(text || firstPrompt).slice(-block);
  const seq = tokens.length;
  const layers = scope(() => model.attentionWeights(fromArray(model.device, tokens, { shape: [1, seq], dtype: "i32" })));
  try {
    const weights = await Promise.all(layers.map((layer) => layer.data() as Promise<Float32Array>));
    return {
      tokens: Array.from(tokens, (token) => vocab.decode([token])),
      weights: weights.map((layer) => Array.from({ length: heads }, (_, head) => layer.slice(head * seq * seq, (head + 1) * seq * seq))),
    };
  } finally {
    for (const layer of layers) layer.dispose();
  }
}
