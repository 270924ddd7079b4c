import { DataError } from "../errors.js";
import { bpeFromJSON } from "./bpe.js";
import { ByteTokenizer, CharacterTokenizer, type Tokenizer, type TokenizerJSON } from "./tokenizer.js";

/**
 * The tokenizer that `toJSON` described.
 *
 * Throws: DataError for JSON of no tokenizer.
 */
export async function tokenizerFromJSON(json: unknown): Promise<Tokenizer> {
  const form = (typeof json === "object" && json !== null ? json : {}) as Partial<TokenizerJSON>;
  if (form.kind === "characters" && typeof form.characters === "string") return new CharacterTokenizer(form.characters);
  if (form.kind === "bytes") return new ByteTokenizer();
  if (form.kind === "bpe" && typeof form.encoding === "string" && (form.ids === undefined || Array.isArray(form.ids))) {
    return bpeFromJSON(form as TokenizerJSON & { kind: "bpe" });
  }
  throw new DataError(`tokenizer: unknown description, got ${JSON.stringify(json)?.slice(0, 60)}; kinds are characters, bytes, bpe`);
}
