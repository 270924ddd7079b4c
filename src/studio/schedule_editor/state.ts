// The editor's state. What the schedules are is in the settings of the next run; here is only what shows them.
import { computed, effect, signal } from "@preact/signals";
import { KilnError } from "../../errors.js";
import { scheduleOf } from "../../recipe/schedule_of.js";
import { parseSchedule } from "../../recipe/schedule_expression.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { describe, type Description, type Schedule } from "../../schedule/index.js";
import { changeSettings, settings, typingErrors } from "../state/settings.js";
import { piecesOf, piecesText, scheduleOfPieces, type Modifier, type Part, type Pieces } from "./pieces.js";
import { withBase } from "./part_edits.js";
import { changeFor } from "./settings_mapping.js";

/** The curve that is edited: of the matrices and of all that has none of its own, or of biases and norms. */
export type CurveName = "schedule" | "vectorSchedule";

export const curveName = signal<CurveName>("schedule");
export const logRates = signal(false);
export const drawing = signal(false);
/** What the last change would have made wrong: it was not made. */
export const refusal = signal<string | null>(null);
/** Text of the expression field while it cannot be read. */
const drafts = signal<Readonly<Partial<Record<CurveName, string>>>>({});

/** null where the settings hold an expression that cannot be read. */
export function scheduleNamed(name: CurveName): Schedule | null {
  const { value } = settings;
  try {
    return name === "schedule" || value.vectorSchedule === "" ? scheduleOf(value) : parseSchedule(value.vectorSchedule);
  } catch (error) {
    if (error instanceof KilnError) return null;
    throw error;
  }
}

export const mainSchedule = computed(() => scheduleNamed("schedule"));
export const ownVectors = computed(() => settings.value.vectorSchedule !== "");
/** The one that is edited. */
export const edited = computed(() => (curveName.value === "schedule" ? mainSchedule.value : scheduleNamed("vectorSchedule")));
export const pieces = computed<Pieces | null>(() => (edited.value && !edited.value.isOpen ? piecesOf(edited.value) : null));
export const steps = computed(() => settings.value.steps);

/** The expression field's text: what was typed while it is wrong, else that of the schedule. */
export const expression = computed(() => {
  const draft = drafts.value[curveName.value];
  if (draft !== undefined) return draft;
  const written = settings.value[curveName.value];
  return written !== "" ? written : pieces.value ? piecesText(pieces.value) : "";
});
export const expressionError = computed(() => typingErrors.value[curveName.value] ?? errorOfSettings());

/** Of text that came from elsewhere, such as a link. */
function errorOfSettings(): string | null {
  const text = settings.value[curveName.value];
  return text === "" ? null : readable(text, (schedule) => void schedule).error;
}

function readable(text: string, use: (schedule: Schedule) => void): { error: string | null } {
  try {
    const schedule = parseSchedule(text);
    checkRates(schedule);
    use(schedule);
    return { error: null };
  } catch (error) {
    if (error instanceof KilnError) return { error: error.message.replace(/^schedule: /, "") };
    throw error;
  }
}

/** As the start of a run checks them, in as many places as a plot has. */
function checkRates(schedule: Schedule): void {
  const end = Math.max(0, settings.value.steps - 1);
  for (let i = 0; i <= 1000; i++) {
    const t = Math.round((end * i) / 1000);
    const rate = schedule.at(t);
    if (!(rate >= 0)) throw new KilnError(`a rate must not be negative, got ${rate} at step ${t}; use .clamp({ min: 0 })`);
  }
}

type Remembered = Pick<TrainSettings, "schedule" | "vectorSchedule" | "lr" | "minLr" | "warmup" | "decay">;
/** Changes that follow each other faster than this are one: a drag, a word. */
const oneChange_ms = 800;
const mostRemembered = 50;
const past = signal<readonly Remembered[]>([]);
let lastChange = -Infinity;

export const canUndo = computed(() => past.value.length > 0);

export function remember(): void {
  const { schedule, vectorSchedule, lr, minLr, warmup, decay } = settings.value;
  if (performance.now() - lastChange > oneChange_ms) past.value = [...past.value, { schedule, vectorSchedule, lr, minLr, warmup, decay }].slice(-mostRemembered);
  lastChange = performance.now();
}

/** Takes the last change of the editor back. */
export function undo(): void {
  const before = past.value.at(-1);
  if (!before) return;
  past.value = past.value.slice(0, -1);
  lastChange = -Infinity;
  drafts.value = {};
  refusal.value = null;
  changeSettings(before);
  if (before.vectorSchedule === "") curveName.value = "schedule";
}

/** Takes the text of the expression field: into the settings where it can be read, else as an error beside the field. */
export function writeExpression(text: string): void {
  const name = curveName.value;
  refusal.value = null;
  const { error } = readable(text, () => {
    remember();
    drafts.value = without(drafts.value, name);
    changeSettings({ [name]: text });
  });
  if (error === null) return;
  drafts.value = { ...drafts.value, [name]: text };
  typingErrors.value = { ...typingErrors.value, [name]: error };
}

/** Makes the edited schedule of these pieces. Where they are wrong together, all stays as it is and `refusal` says why. */
export function setPieces(next: Pieces | ((now: Pieces) => Pieces)): void {
  const now = pieces.value;
  if (typeof next === "function" && !now) return;
  try {
    const schedule = scheduleOfPieces(typeof next === "function" ? next(now!) : next);
    checkRates(schedule);
    // As it reads back: parts that follow each other are found anew.
    const change = curveName.value === "schedule" ? changeFor(schedule, piecesOf(schedule), settings.value) : { vectorSchedule: piecesText(piecesOf(schedule)) };
    drafts.value = without(drafts.value, curveName.value);
    refusal.value = null;
    remember();
    changeSettings(change);
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    refusal.value = error.message;
  }
}

export function setSchedule(schedule: Schedule): void {
  setPieces(piecesOf(schedule));
}

export function setPart(index: number, change: Partial<Part>): void {
  setPieces((now) => ({ ...now, parts: now.parts.map((part, i) => (i === index ? { ...part, ...change } : part)) }));
}

/** The part with another base. What follows still ends where it did. */
export function setBase(index: number, base: Description): void {
  setPieces((now) => withBase(now, index, base));
}

export function setOver(over: readonly Modifier[]): void {
  setPieces((now) => ({ ...now, over }));
}

export function giveVectorsTheirOwn(own: boolean): void {
  const now = mainSchedule.value;
  remember();
  drafts.value = without(drafts.value, "vectorSchedule");
  changeSettings({ vectorSchedule: own && now ? piecesText(piecesOf(now)) : "" });
}

/** Of longer runs only so many steps are described. */
export const mostDescribed = 1e6;
/** Up to so many, a description takes a few milliseconds: it follows the pointer. */
const quicklyDescribed = 20_000;
const patience_ms = 300;
const described = signal<Schedule | null>(null);
let pause: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const schedule = edited.value;
  clearTimeout(pause);
  if (steps.value <= quicklyDescribed) described.value = schedule;
  else pause = setTimeout(() => (described.value = schedule), patience_ms);
});

/** Sums and verdicts of the edited schedule; in long runs a moment after the last change. */
export const report = computed(() => (described.value && !described.value.isOpen ? reportOf(described.value) : null));

function reportOf(schedule: Schedule) {
  try {
    return describe(schedule, { steps: Math.max(1, Math.min(steps.value, mostDescribed)) });
  } catch (error) {
    if (error instanceof KilnError) return null;
    throw error;
  }
}

function without<T extends object>(object: T, name: keyof T): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name)) as T;
}
