import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scheduleOf } from "../../src/recipe/schedule_of.js";
import { presets } from "../../src/recipe/presets.js";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { schedulePresets } from "../../src/recipe/schedule_presets.js";
import { cosine, exponential, linear, oscillation, warmup, type Schedule } from "../../src/schedule/index.js";
import { expressionText } from "../../src/studio/schedule_editor/expression_text.js";
import { piecesOf, piecesText, scheduleOfPieces, startsOf } from "../../src/studio/schedule_editor/pieces.js";
import { changeFor, fieldsOf } from "../../src/studio/schedule_editor/settings_mapping.js";
import { anySchedule, askedSteps } from "../support/schedules.js";

const firstSteps = Array.from({ length: 200 }, (_, t) => t);

/** The same bits at the first 200 steps and at those that schedules are asked for. */
function expectSame(got: Schedule, wanted: Schedule, more: readonly number[] = []): void {
  expect([...firstSteps, ...more].filter((t) => !Object.is(got.at(t), wanted.at(t)))).toEqual([]);
}

/** Text of the schedule that the parser takes: very long ones are refused, as JSON is for them. */
const writable = anySchedule.filter((schedule) => expressionText(schedule.toDescription()).length < 9000);

describe("a schedule as text", () => {
  it("reads back as the same bits, whatever it is made of", () =>
    fc.assert(
      fc.property(writable, (schedule) => {
        expectSame(parseSchedule(expressionText(schedule.toDescription())), schedule, askedSteps(schedule));
      }),
    ));

  it("leaves defaults out", () => {
    expect(expressionText(warmup({ steps: 10, to: 1e-3 }).toDescription())).toBe("warmup({ steps: 10, to: 0.001 })");
    expect(expressionText(linear({ from: 1, steps: 5 }).toDescription())).toBe("linear({ from: 1, steps: 5 })");
  });
});

describe("pieces of a schedule", () => {
  it("text -> pieces -> text gives the same bits at every step", () =>
    fc.assert(
      fc.property(writable, (schedule) => {
        const text = expressionText(schedule.toDescription());
        const pieces = piecesOf(parseSchedule(text));
        expectSame(scheduleOfPieces(pieces), schedule, askedSteps(schedule));
        const again = piecesText(pieces);
        if (again.length <= 10_000) expectSame(parseSchedule(again), schedule, askedSteps(schedule));
      }),
    ));

  it("pieces -> text -> pieces changes nothing", () =>
    fc.assert(
      fc.property(writable, (schedule) => {
        const pieces = piecesOf(schedule);
        const text = piecesText(pieces);
        if (text.length <= 10_000) expect(piecesOf(parseSchedule(text))).toEqual(pieces);
      }),
    ));

  it("says where each part starts", () => {
    const pieces = piecesOf(parseSchedule("warmup({ steps: 10, to: 1 }).then(linear({ steps: 20, to: 0.5 })).then(cosine({ steps: 5 }), { at: 25 })"));
    expect(startsOf(pieces)).toEqual([0, 10, 25]);
    expect(pieces.parts.map(({ at }) => at)).toEqual([null, null, 25]);
  });

  it("keeps a part open that follows the one before, so that moving the peak moves both", () => {
    const pieces = piecesOf(warmup({ steps: 10, to: 1e-3 }).then(cosine({ steps: 90 })));
    expect(pieces.parts[1]!.base).not.toHaveProperty("from");
    const [first, second] = pieces.parts;
    const higher = scheduleOfPieces({ ...pieces, parts: [{ ...first!, base: { ...first!.base, to: 2e-3 } as never }, second!] });
    expect(higher.at(10)).toBe(2e-3);
  });

  it("keeps a start of its own where the part does not follow", () => {
    const pieces = piecesOf(warmup({ steps: 10, to: 1e-3 }).then(cosine({ from: 5e-4, steps: 90 })));
    expect(pieces.parts[1]!.base).toMatchObject({ from: 5e-4 });
  });

  it("tells what is done to a part from what is done to all", () => {
    const one = warmup({ steps: 10, to: 1 }).times(oscillation({ amplitude: 0.1, period: 3 }));
    const pieces = piecesOf(one.then(exponential({ factor: 0.9 }), { at: 10 }).clamp({ min: 0.01 }));
    expect(pieces.parts.map(({ modifiers }) => modifiers.map(({ kind }) => kind))).toEqual([["times"], []]);
    expect(pieces.over).toEqual([{ kind: "clamp", min: 0.01 }]);
  });

  it("holds every preset", () => {
    for (const { schedule } of Object.values(schedulePresets)) expectSame(parseSchedule(piecesText(piecesOf(schedule))), schedule, [3900, 12_345, 1e6]);
  });
});

describe("settings", () => {
  const rates = fc.record({ lr: fc.double({ min: 1e-6, max: 10, noNaN: true }), share: fc.double({ min: 0, max: 1, noNaN: true }), warmup: fc.integer({ min: 0, max: 60 }), decay: fc.constantFrom("cosine" as const, "linear" as const, "constant" as const) });

  it("plain fields come back as they were, by way of pieces and text", () =>
    fc.assert(
      fc.property(rates, ({ share, ...rest }) => {
        const settings = { ...presets.small, ...rest, minLr: share * rest.lr, steps: 60 };
        const schedule = scheduleOf(settings);
        const again = parseSchedule(piecesText(piecesOf(schedule)));
        expect(fieldsOf(again, settings)).toEqual({ lr: rest.lr, warmup: rest.warmup, decay: rest.decay, minLr: settings.minLr });
      }),
    ));

  it("whatever schedule is put in comes out with the same bits", () =>
    fc.assert(
      fc.property(fc.oneof(writable, rates.map(({ share, ...rest }) => scheduleOf({ ...presets.small, ...rest, minLr: share * rest.lr, steps: 60 }))), (schedule) => {
        const pieces = piecesOf(schedule);
        const settings = { ...presets.small, steps: 60, ...changeFor(schedule, pieces, { ...presets.small, steps: 60 }) };
        if (settings.schedule.length <= 10_000) expectSame(scheduleOf(settings), schedule);
      }),
    ));

  it("another end, start or convention does not fit the fields", () => {
    const settings = { ...presets.small, steps: 100 };
    expect(fieldsOf(warmup({ steps: 10, to: 1e-3, convention: "nanogpt" }).then(cosine({ steps: 90 })), settings)).toEqual({ lr: 1e-3, minLr: 0, warmup: 10, decay: "cosine" });
    for (const other of [
      warmup({ steps: 10, to: 1e-3 }).then(cosine({ steps: 90 })),
      warmup({ steps: 10, to: 1e-3, convention: "nanogpt" }).then(cosine({ steps: 91 })),
      warmup({ steps: 10, to: 1e-3, from: 1e-4, convention: "nanogpt" }).then(cosine({ steps: 90 })),
      cosine({ from: 1e-3, steps: 100 }),
    ]) expect(fieldsOf(other, settings)).toBeNull();
  });
});
