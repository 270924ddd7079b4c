// A shuffle of a set too large to list.
import { pcg4d, streams } from "../../tensor/random.js";

const rounds = 4;

/**
 * The place of `index` in a fixed shuffle of 0 to count - 1: every place is taken once, and which depends on `key`.
 *
 * Range:  count from 1 to 2^32, index a whole number in [0, count).
 * Source: a Feistel network over pairs of numbers below ceil(sqrt(count)), walked on while it leaves the set (Black and
 *         Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
 */
export function shuffled(index: number, count: number, key: number): number {
  const side = Math.ceil(Math.sqrt(count));
  let place = index;
  do place = permuted(place, side, key);
  while (place >= count);
  return place;
}

/** A permutation of 0 to side^2 - 1: each round can be taken back, because it adds a function of the half that it keeps. */
function permuted(place: number, side: number, key: number): number {
  let left = Math.floor(place / side);
  let right = place % side;
  for (let round = 0; round < rounds; round++) {
    [left, right] = [right, (left + pcg4d(right, streams.host, round, key)[0]) % side];
  }
  return left * side + right;
}
