// Settings in the page's address: what differs from a preset, and nothing that a made-up link can break.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { presets, type PresetName } from "../../src/recipe/presets.js";
import { parseSetting, settingNames, settingRules } from "../../src/recipe/rules.js";
import { mergeSettings, type TrainSettings } from "../../src/recipe/settings.js";
import { changesTo, firstPreset } from "../../src/studio/state/settings.js";
import { decodeSettings, encodeSettings } from "../../src/studio/state/url.js";

const names = Object.keys(presets) as PresetName[];

function throughLink(preset: PresetName, changes: Partial<TrainSettings>): TrainSettings {
  const linked = decodeSettings(`#${encodeSettings(preset, changes)}`);
  expect(linked.problems).toEqual([]);
  return mergeSettings(linked.preset, linked.changes);
}

/** A value that the setting's rule takes. */
function valueOf(name: keyof TrainSettings): fc.Arbitrary<unknown> {
  const rule = settingRules[name];
  if (rule.kind === "choice") return fc.constantFrom(...rule.choices);
  if (rule.kind === "toggle") return fc.boolean();
  if (rule.kind === "text") return fc.string({ maxLength: 60 });
  if (rule.kind === "betas") return fc.tuple(fc.double({ min: 0, max: 0.9999, noNaN: true }), fc.double({ min: 0, max: 0.9999, noNaN: true })).map((pair) => pair.map((beta) => beta + 0));
  const { integer = false, min, above, max = 1e9, below } = rule.range;
  const low = min ?? above ?? 0;
  const high = below ?? max;
  if (integer) return fc.integer({ min: low, max: Math.min(high, 2 ** 31 - 1) });
  return fc.double({ min: above === undefined ? low : low + 1e-9, max: below === undefined ? high : high - 1e-9, noNaN: true }).map((value) => value + 0);
}

describe("settings in a link", () => {
  it("are empty for the first preset, and only a name for another", () => {
    expect(encodeSettings(firstPreset, {})).toBe("");
    expect(encodeSettings("nanogpt-cpu", {})).toBe("preset=nanogpt-cpu");
    expect(encodeSettings(firstPreset, { layers: presets[firstPreset].layers, width: 128 })).toBe("width=128");
  });

  it("come back as they were, whatever they are", () => {
    const changes = fc.tuple(fc.constantFrom(...names), fc.subarray([...settingNames])).chain(([preset, chosen]) => fc.record(Object.fromEntries(chosen.map((name) => [name, valueOf(name)]))).map((values) => [preset, values as Partial<TrainSettings>] as const));
    fc.assert(fc.property(changes, ([preset, values]) => void expect(throughLink(preset, values)).toEqual(mergeSettings(preset, values))));
  });

  it("name what another change would draw along", () => {
    const kept = { steps: 1200, warmup: presets[firstPreset].warmup };
    expect(mergeSettings(firstPreset, { steps: 1200 }).warmup).toBe(2 * kept.warmup);
    expect(throughLink(firstPreset, kept)).toMatchObject(kept);
  });

  it("make any run from any preset", () => {
    for (const from of names) for (const to of names) expect(mergeSettings(from, changesTo(presets[to], from))).toEqual(presets[to]);
  });

  it("say what they cannot read, and keep the rest", () => {
    const { preset, changes, problems } = decodeSettings("#preset=constructor&layers=3&width=-4&heads=&__proto__=1&tied=maybe&lr=1e999&betas=1,2&unknown=1");
    expect(preset).toBe(firstPreset);
    expect(changes).toEqual({ layers: 3 });
    expect(problems).toHaveLength(8);
    expect(problems.join("\n")).toContain('width: needs a whole number at least 1, got "-4"');
    expect(problems.join("\n")).toContain('"__proto__"');
    expect(({} as { 1?: unknown })[1]).toBeUndefined();
  });

  it("survive any text at all", () => {
    const take = (hash: string) => {
      const { preset, changes } = decodeSettings(hash);
      mergeSettings(preset, changes);
    };
    fc.assert(fc.property(fc.string({ unit: "binary" }), take));
    for (const hash of ["#%", "#%E0%A4%A", "#=&=&", `#${"a=1&".repeat(1000)}`]) expect(() => take(hash)).not.toThrow();
  }, 60_000);

  it("take what the command line takes", () => expect(parseSetting("betas", "0.9,0.95")).toEqual([0.9, 0.95]));
});
