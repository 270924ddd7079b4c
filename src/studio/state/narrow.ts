import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 800px)");

/** The page is as narrow as a phone: settings fold away, so that controls and charts come first. */
export const narrow = signal(query.matches);
query.addEventListener("change", () => (narrow.value = query.matches));
