// The sweep of this page: one at a time, kept over a reload of its tab. It starts runs through the worker as a user would.
import { effect, signal, untracked } from "@preact/signals";
import { worker } from "../client.js";
import { settingText } from "./columns.js";
import { builtInData } from "../data_sources.js";
import { words } from "../settings_form/words.js";
import { notify } from "../state/notices.js";
import { comparedRuns, device, runs, selectedRun, training } from "../state/runs.js";
import { settings, textOfSettings, type SettingName } from "../state/settings.js";
import { until } from "../state/until.js";
import type { RunId, RunStatus } from "../protocol.js";
import { parseValues, sweepPoints } from "./sweep_plan.js";
import { nextAction, type QueuedPoint, type Sweep } from "./sweep_queue.js";

const key = "kiln-sweep";
/** Null before the first, and once it was dismissed. */
export const sweep = signal<Sweep | null>(stored());

/** Where the data are the user's: what the first run was given. After a reload the worker has it. */
let text: string | null = null;
let seenRunning = new Set<RunId>();
let asking = false;

/** Sweeps a setting of the form. The values must have been checked by `sweepProblem`. */
export function startSweep(setting: SettingName, values: string, seeds: number): void {
  const base = settings.value;
  text = textOfSettings.value;
  const points = sweepPoints(base, setting, parseValues(setting, values), seeds).map((point): QueuedPoint => ({ ...point, run: null }));
  comparedRuns.value = new Set();
  goOnWith({ setting, points, state: "running", message: null });
}

/** After a pause or a reload. */
export function resumeSweep(): void {
  if (sweep.value) goOnWith({ ...sweep.value, state: "running", message: null });
}

function goOnWith(next: Sweep): void {
  seenRunning = new Set();
  sweep.value = next;
}

/** Starts no more runs, and stops the one that trains. */
export async function cancelSweep(): Promise<void> {
  const now = sweep.value;
  if (!now) return;
  sweep.value = { ...now, state: "ended", message: "Cancelled." };
  const current = training.value?.record.id;
  if (now.points.some(({ run }) => run !== null && run === current)) await worker.stop();
}

/** The runs stay; only the sweep's plot and table go. */
export function dismissSweep(): void {
  sweep.value = null;
}

/** Carries the sweep out from now on. Returns what ends that. */
export function followSweep(): () => void {
  const ends = [
    effect(() => {
      const now = sweep.value;
      // Subscribes to every change of a run's status.
      const known = runs.value;
      if (now?.state !== "running" || !device.value || asking) return;
      const action = nextAction(now, (run) => known.get(run)?.record.status, seenRunning);
      if (action.kind === "watch") seenRunning.add(now.points[action.index]!.run!);
      else untracked(() => void carryOut(now, action));
    }),
    effect(() => store(sweep.value)),
  ];
  return () => ends.forEach((end) => end());
}

async function carryOut(now: Sweep, action: ReturnType<typeof nextAction>): Promise<void> {
  if (action.kind === "end") sweep.value = { ...now, state: "ended", message: null };
  else if (action.kind === "wait") sweep.value = { ...now, state: "waiting", message: "Its run was paused." };
  else {
    asking = true;
    try {
      const point = now.points[action.index]!;
      if (action.kind === "resume") await goOn(point.run!);
      else await start(now, action.index);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      notify("error", `The sweep stands still: ${message}`);
      if (sweep.value) sweep.value = { ...sweep.value, state: "waiting", message };
    } finally {
      asking = false;
    }
    // Looks again: what happened meanwhile went unseen.
    if (sweep.value) sweep.value = { ...sweep.value };
  }
}

async function goOn(run: RunId): Promise<void> {
  const before = statusOf(run);
  await worker.resume(run);
  await until(() => statusOf(run) !== before);
}

const statusOf = (run: RunId): RunStatus | undefined => runs.value.get(run)?.record.status;

async function start(now: Sweep, index: number): Promise<void> {
  const { settings: wanted, value, seed } = now.points[index]!;
  const several = new Set(now.points.map((point) => point.seed)).size > 1;
  const name = `${words[now.setting].label} ${settingText(now.setting, value)}${several && now.setting !== "seed" ? `, seed ${seed}` : ""}`;
  const run = await worker.start({ name, settings: wanted, text: builtInData(wanted.data) ? null : await textOf(now), clonedFrom: null });
  await until(() => runs.value.has(run));
  comparedRuns.value = new Set([...comparedRuns.value, run]);
  selectedRun.value = run;
  const latest = sweep.value;
  if (latest) sweep.value = { ...latest, points: latest.points.map((point, i) => (i === index ? { ...point, run } : point)) };
  // Cancelled while the run was being started.
  if (latest?.state === "ended") await worker.stop();
}

async function textOf({ points }: Sweep): Promise<string> {
  if (text !== null) return text;
  for (const { run } of points) if (run !== null && runs.value.has(run)) text ??= await worker.text(run);
  if (text === null) throw new Error("the text of the sweep is no longer here; choose it again and start a new sweep");
  return text;
}

/** What a reload needs. A sweep that ran is found waiting. */
function stored(): Sweep | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null") as Sweep | null;
    if (!found || !Array.isArray(found.points)) return null;
    return found.state === "running" ? { ...found, state: "waiting", message: "The page was loaded again." } : found;
  } catch {
    return null;
  }
}

function store(now: Sweep | null): void {
  try {
    if (now) sessionStorage.setItem(key, JSON.stringify(now));
    else sessionStorage.removeItem(key);
  } catch {
    // Storage is full or switched off: the sweep is lost with the page, its runs are not.
  }
}
