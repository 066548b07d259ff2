import { expect, test } from "vitest";

import type { StepState } from "./state";
import { shareFloor, toGaps, toSteps, type Known } from "./steps";

function known(count: number | null, rate: number | null, state: StepState): Omit<Known, "start"> {
  return { count, rate, state };
}

const steps = (...list: Omit<Known, "start">[]) => toSteps(list.map((step, index) => ({ ...step, start: 60 * index })));

test("the rate's line is broken where nothing is known or nothing came", () => {
  const list = steps(
    known(4, 0.75, "final"),
    known(0, null, "final"),
    known(null, null, "missing"),
    known(5, 0.8, "final"),
  );
  expect(list.map(({ finalRate }) => finalRate)).toEqual([0.75, null, null, 0.8]);
  expect(list.map(({ openRate }) => openRate)).toEqual([null, null, null, null]);
});

test("the dashed line begins at the last final step", () => {
  const list = steps(known(4, 0.7, "final"), known(4, 0.75, "final"), known(2, 1, "open"), known(1, 0.5, "open"));
  expect(list.map(({ finalRate }) => finalRate)).toEqual([0.7, 0.75, null, null]);
  expect(list.map(({ openRate }) => openRate)).toEqual([null, 0.75, 1, 0.5]);
});

test("a step with skipped records is drawn as counted, upon a hatch", () => {
  const list = steps(known(3, 1, "final"), known(2, 1, "gap"), known(null, null, "gap"), known(0, null, "final"));
  expect(list.map(({ finalCount }) => finalCount)).toEqual([3, 2, null, 0]);
  expect(toGaps(list)).toEqual([{ from: 60, to: 120 }]);
});

test("the axis of shares begins at 90 % or below the lowest share", () => {
  expect(shareFloor(steps(known(1, 0.97, "final")))).toBe(0.9);
  expect(shareFloor(steps(known(1, 0.62, "final")))).toBe(0.6);
  expect(shareFloor([])).toBe(0.9);
});
