// The columns of the runs table: the settings in which the runs differ, and what came of the runs.
import { settingNames } from "../../recipe/rules.js";
import { count, duration, loss, rate } from "../layout/format.js";
import { statusWords } from "../layout/status_words.js";
import type { RunRecord } from "../protocol.js";
import { words } from "../settings_form/words.js";
import type { SettingName } from "../state/settings.js";
import type { RunSummary } from "./summary.js";

export interface RunRow {
  record: RunRecord;
  summary: RunSummary;
}

/** What a cell says, and by what its column is sorted; null stands last either way. */
export interface Column {
  id: string;
  title: string;
  help: string;
  text: (row: RunRow) => string;
  value: (row: RunRow) => number | string | null;
}

/** Settings that say nothing of how a run went, unless they are all that differs. */
const aside: readonly SettingName[] = ["checkpointEvery", "sample"];

/** In the order of the settings' own list. */
export function differingSettings(records: readonly Pick<RunRecord, "settings" | "text">[]): SettingName[] {
  return settingNames.filter((name) => new Set(records.map((record) => keyOf(record, name))).size > 1 && !aside.includes(name));
}

/** Two texts of the user's may have one name. */
function keyOf({ settings, text }: Pick<RunRecord, "settings" | "text">, name: SettingName): string {
  return JSON.stringify(name === "data" ? [settings.data, text] : settings[name]);
}

export function settingText(name: SettingName, value: unknown): string {
  if (typeof value === "number") return name === "lr" || name === "minLr" ? rate(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === "" ? "–" : String(value);
}

export function settingColumn(name: SettingName): Column {
  return {
    id: name,
    title: words[name].label,
    help: words[name].hint,
    text: ({ record }) => settingText(name, record.settings[name]),
    value: ({ record }) => sortable(record.settings[name]),
  };
}

function sortable(value: unknown): number | string | null {
  return typeof value === "number" ? value : value === "" ? null : String(value);
}

const number = (value: number | null): string => (value === null ? "–" : count(value));

export const nameColumn: Column = { id: "name", title: "Run", help: "Press a name to put the run in front: its settings, text and charts. The pencil renames it.", text: ({ record }) => record.name, value: ({ record }) => record.name.toLowerCase() };
export const statusColumn: Column = { id: "status", title: "Status", help: "Whether the run trains, waits or has ended.", text: ({ record }) => statusWords[record.status], value: ({ record }) => statusWords[record.status] };
export const createdColumn: Column = { id: "created", title: "Made", help: "When the run was started.", text: ({ record }) => new Date(record.created).toLocaleString(), value: ({ record }) => record.created };

export const resultColumns: readonly Column[] = [
  { id: "step", title: "Step", help: "Steps taken, of those asked for.", text: ({ record }) => `${count(record.step)} / ${count(record.settings.steps)}`, value: ({ record }) => record.step },
  { id: "loss", title: "Loss", help: "Of the newest batch: noisy. Compare the validation loss instead.", text: ({ record }) => loss(record.loss), value: ({ record }) => record.loss },
  { id: "best", title: "Best validation", help: "Lowest loss so far on text that the model does not train on.", text: ({ record }) => loss(record.bestValidationLoss), value: ({ record }) => record.bestValidationLoss },
  { id: "exact", title: "Exact match", help: "Share of a toy task's held-out answers that were right in every token, at the last validation.", text: ({ record }) => (record.exactMatch === null ? "–" : `${(100 * record.exactMatch).toFixed(1)} %`), value: ({ record }) => record.exactMatch },
  { id: "speed", title: "Tokens/s", help: "Tokens of training text a second, at the last steps.", text: ({ summary }) => number(summary.tokensPerSecond), value: ({ summary }) => summary.tokensPerSecond },
  { id: "time", title: "Time", help: "Time trained, without pauses.", text: ({ record }) => (record.trainedSeconds > 0 ? duration(record.trainedSeconds) : "–"), value: ({ record }) => record.trainedSeconds },
  { id: "clipped", title: "Clipped", help: "Steps whose gradient was longer than the clip and was shortened to it.", text: ({ summary }) => number(summary.clipped), value: ({ summary }) => summary.clipped },
  { id: "skipped", title: "Skipped", help: "Steps that were not taken because the loss or the gradient was not finite.", text: ({ summary }) => number(summary.skipped), value: ({ summary }) => summary.skipped },
  { id: "parameters", title: "Parameters", help: "Numbers that the model learns.", text: ({ record }) => number(record.parameters), value: ({ record }) => record.parameters },
  { id: "adapter", title: "Adapter", help: "What it trained on. Runs are equal bit for bit only on the same one.", text: ({ record }) => record.adapter ?? "–", value: ({ record }) => record.adapter },
];

const mainResults: readonly string[] = ["step", "best", "exact"];

/** Results to stand before the settings, and those after them. Without exact match where no run has a toy task. */
export function shownResults(rows: readonly RunRow[]): [main: Column[], more: Column[]] {
  const shown = resultColumns.filter(({ id, value }) => id !== "exact" || rows.some((row) => value(row) !== null));
  const isMain = ({ id }: Column) => mainResults.includes(id);
  return [shown.filter(isMain), shown.filter((column) => !isMain(column))];
}

export interface Order {
  column: string;
  descending: boolean;
}

/** Rows that have no value stand last in both directions; equal ones stay in their order. */
export function sorted(rows: readonly RunRow[], column: Column, descending: boolean): RunRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [known(column.value(a)), known(column.value(b))];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y), "en", { numeric: true });
  });
}

function known(value: number | string | null): number | string | null {
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}

/** Rows to which every word of the filter applies: in the name, the status, the adapter, or a setting, as "lion" or "lr=0.004". */
export function filtered(rows: readonly RunRow[], filter: string): RunRow[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [...rows];
  return rows.filter(({ record }) => {
    const settings = Object.entries(record.settings).map(([name, value]) => `${name}=${String(value)}`.toLowerCase());
    const text = [record.name, statusWords[record.status], record.adapter ?? "", ...settings].join(" ").toLowerCase();
    return wanted.every((word) => (word.includes("=") ? settings.some((setting) => setting.startsWith(word)) : text.includes(word)));
  });
}
