// How a value goes from one number to another: the progress from 0 to 1 that a ramp, a decay or a table follows.

/** from (1 - progress) + to progress. Exact at both ends, and where both are equal; no cancellation, no overflow. */
export function mix(from: number, to: number, progress: number, left = 1 - progress): number {
  return from === to ? to : from * left + to * progress;
}

/** Half a period of cosine, in the form that PyTorch and Hugging Face compute: equal to theirs also where it cancels. */
export function cosineMix(from: number, to: number, progress: number): number {
  const turn = Math.cos(Math.PI * progress);
  return mix(from, to, 0.5 * (1 - turn), 0.5 * (1 + turn));
}

/** from (to / from)^progress for two positive numbers, as two powers: the quotient alone could overflow. */
export function exponentialMix(from: number, to: number, progress: number): number {
  return from === to ? to : from ** (1 - progress) * to ** progress;
}
