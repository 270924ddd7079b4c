export { bpeEncodings, loadBpe, type BpeEncoding, type BpeOptions } from "./bpe.js";
export { tokenizerFromJSON } from "./from_json.js";
export { decodeText } from "./source.js";
export { text, TextData, type BpeTextOptions, type TextOptions, type TokenBatch } from "./text.js";
export { ByteTokenizer, CharacterTokenizer, type Tokenizer, type TokenizerJSON } from "./tokenizer.js";
