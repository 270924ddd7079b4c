// The text that a run trains on, from wherever it is.
import { isTask, type TokenData, type Tokenizer } from "../../data/index.js";
import { DataError, StorageError, UsageError } from "../../errors.js";
import { dataOf } from "../../recipe/model_of.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { builtInData } from "../data_sources.js";
import type { RunRecord } from "../protocol.js";
import type { Store } from "../storage/index.js";

let mobyDick: Promise<string> | null = null;

/** The text itself: the user's where one is given, the built-in one, or none for a toy task. */
export async function sourceOf({ data }: TrainSettings, own: string | null): Promise<string> {
  if (isTask(data)) return "";
  if (builtInData(data) !== null) return (mobyDick ??= fetchText("moby-dick.txt"));
  if (own === null) throw new UsageError(`data: needs the text of "${data}", got none; paste it or choose its file`);
  return own;
}

/** The tokens of these settings. `vocab` is a checkpoint's. */
export async function tokensOf(settings: TrainSettings, own: string | null, vocab: Tokenizer | null = null): Promise<TokenData> {
  return dataOf(await sourceOf(settings, own), settings, vocab);
}

/** The user's own text of a stored run; null where it has none. */
export async function ownTextOf(store: Store, { text }: RunRecord): Promise<string | null> {
  return text === null ? null : store.readText(text);
}

/** A file of the page's own folder. The worker lies in it. */
async function fetchText(name: string): Promise<string> {
  try {
    const response = await fetch(new URL(name, location.href));
    if (!response.ok) throw new StorageError(`${response.status} ${response.statusText}`);
    return await response.text();
  } catch (cause) {
    mobyDick = null;
    throw new DataError(`data: ${name} could not be loaded from the page's folder, got ${(cause as Error).message}; reload the page`, { cause });
  }
}
