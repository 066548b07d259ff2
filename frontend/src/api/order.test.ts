import { expect, test } from "vitest";

import { answer } from "../testing/answers";
import { newer } from "./order";

const held = answer(7, "2026-01-01T12:00:05Z");

test("a higher data version is newer, whatever the clocks say", () => {
  const next = answer(8, "2026-01-01T12:00:04Z");
  expect(newer(held, next)).toBe(next);
});

test("of one data version the later reading is newer", () => {
  const later = answer(7, "2026-01-01T12:00:06Z");
  const earlier = answer(7, "2026-01-01T12:00:04Z");
  expect(newer(held, later)).toBe(later);
  expect(newer(held, earlier)).toBe(held);
});

test("an overtaken answer is dropped, one from new tables is taken", () => {
  const overtaken = answer(6, "2026-01-01T12:00:06Z");
  const replaced = answer(1, "2026-01-01T12:01:00Z");
  expect(newer(held, overtaken)).toBe(held);
  expect(newer(held, replaced)).toBe(replaced);
});

test("anything is newer than nothing", () => {
  expect(newer(undefined, held)).toBe(held);
});
