export { openStore, type OpenedStore } from "./open_store.js";
export type { Damage, StorageKind, StorageUse, Store, StoredCheckpoint, StoredRuns } from "./store.js";
export { repairRecords } from "./repair.js";
export { heldElsewhere, Tabs } from "./tabs.js";
