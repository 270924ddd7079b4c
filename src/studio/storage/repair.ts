// What is made of records at the start: a page that was closed or crashed had no time to say so.
import type { RunId, RunRecord } from "../protocol.js";
import type { Store } from "./store.js";

/**
 * The records, with runs that were training and that no tab holds any more as "interrupted", at the step they can go on from. Only those
 * changed are written.
 */
export async function repairRecords(store: Store, records: readonly RunRecord[], held: ReadonlySet<RunId>): Promise<RunRecord[]> {
  return Promise.all(
    records.map(async (record) => {
      if (record.status !== "running" || held.has(record.id)) return record;
      const savedStep = await savedStepOf(store, record);
      const repaired: RunRecord = { ...record, status: "interrupted", savedStep, message: interruptedAt(record.step, savedStep) };
      // A storage that is full, or a tab that takes the run at this moment: what is shown is right all the same.
      await store.writeRecord(repaired).catch(() => {});
      return repaired;
    }),
  );
}

/** The checkpoint is written before the record that names it. */
async function savedStepOf(store: Store, { id, savedStep }: RunRecord): Promise<number | null> {
  try {
    return (await store.readCheckpoint(id))?.step ?? null;
  } catch {
    return savedStep;
  }
}

function interruptedAt(step: number, savedStep: number | null): string {
  const when = `interrupted about step ${step}: the page was closed, or it crashed`;
  return savedStep === null ? `${when}; nothing was saved, so it starts again` : `${when}; goes on from step ${savedStep}`;
}
