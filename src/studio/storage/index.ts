export type { Damage, StorageKind, StorageUse, Store, StoredCheckpoint, StoredRuns } from "./store.js";
