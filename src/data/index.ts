export { bpeEncodings, loadBpe, type BpeEncoding, type BpeOptions } from "./bpe.js";
export { csvColumns, csvText, isTable, splitFileName, textOfFile, type CsvOptions } from "./csv.js";
export { tokenizerFromJSON } from "./from_json.js";
export { decodeText } from "./source.js";
export { text, TextData, type BpeTextOptions, type TextOptions } from "./text.js";
export type { TokenBatch, TokenData } from "./token_data.js";
export { TokenStream } from "./token_stream.js";
export {
  blockOfTask, describeTask, isTask, parseTask, TaskData, taskNames, taskPrefix,
  type TaskChoice, type TaskName, type TaskOptions, type TaskProblem,
} from "./toy_tasks.js";
export { ByteTokenizer, CharacterTokenizer, type Tokenizer, type TokenizerJSON } from "./tokenizer.js";
