// Asking the browser not to clear what is stored when space runs short. In the page: workers cannot ask.

const askedKey = "kiln-studio-persist-asked";

/** Asks once in this browser: some show the user a question. Call it when there is something to keep, such as at the first start of a run. */
export async function askToPersist(): Promise<void> {
  try {
    if (localStorage.getItem(askedKey) !== null || (await navigator.storage.persisted())) return;
    localStorage.setItem(askedKey, "yes");
    await navigator.storage.persist();
  } catch {
    // A browser that cannot promise keeps what it can.
  }
}
