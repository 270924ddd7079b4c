// The highest rate that trains, looked for from above: runs that are lost can end early, and cost little.

export interface RateSearch {
  /** The highest rate tried, and the factor between two. */
  from: number;
  factor: number;
  /** How many there are, an odd number. */
  count: number;
  /** Whether a run with that rate trains. */
  trains: (rate: number) => Promise<boolean>;
}

/** What a search gives where none trained: one factor below the lowest. */
export const noneOf = ({ from, factor, count }: Omit<RateSearch, "trains">): number => from / factor ** count;

/**
 * Of the rates from, from / factor, ...: every other one until one trains, then the one above it. A rate that trains although the next two
 * below it do not is passed over: it trained by luck.
 */
export async function highestRate(search: RateSearch): Promise<number> {
  const { from, factor, count, trains } = search;
  for (let i = 0; i < count; i += 2) {
    if (!(await trains(from / factor ** i))) continue;
    const above = from / factor ** (i - 1);
    return i > 0 && (await trains(above)) ? above : from / factor ** i;
  }
  return noneOf(search);
}
