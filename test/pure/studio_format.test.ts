// Numbers of the studio as people read them.
import { expect, it } from "vitest";
import { bytes, duration, rate } from "../../src/studio/layout/format.js";

it("rates have three digits, rounded, and a power of ten where they are small", () => {
  const shown = [0, 1, 3.2749, 0.008, 0.0048251, 0.001, 0.00099951, 0.00099949, 8e-4, 4.329e-4, 4.325001e-4, 2e-6, 9.999e-7, 1e-7].map(rate);
  expect(shown).toEqual(["0", "1", "3.27", "0.008", "0.00483", "0.001", "0.001", "9.99e-4", "8e-4", "4.33e-4", "4.33e-4", "2e-6", "1e-6", "1e-7"]);
});

it("bytes and seconds have their units", () => {
  expect([330_000, 3_820_000, 5.4e9, 64e9].map(bytes)).toEqual(["330 kB", "3.8 MB", "5.4 GB", "64 GB"]);
  expect([0.44, 9.94, 27.2, 61, 3599, 3700].map(duration)).toEqual(["0.4 s", "9.9 s", "27 s", "1 min 1 s", "59 min 59 s", "1 h 1 min"]);
});
