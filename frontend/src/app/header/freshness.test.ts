import { expect, test } from "vitest";

import type { LiveState } from "../../api/live/connection";
import type { NewestAnswer } from "../../api/queries/useNewestAnswer";
import { answer } from "../../testing/answers";
import { freshness } from "./freshness";

const now = Date.parse("2026-01-01T12:00:00Z");
const push: LiveState = { mode: "push", problem: null };
const polling: LiveState = { mode: "polling", problem: null };
const connecting: LiveState = { mode: "connecting", problem: null };
const away: LiveState = { mode: "push", problem: "the database is away" };

function newest(lag: number | null, ageSeconds: number, failing = false): NewestAnswer {
  const { meta } = answer(1, "2026-01-01T12:00:00Z");
  return { meta: { ...meta, lag_seconds: lag }, receivedAt: now - ageSeconds * 1_000, failing };
}

const nothing: NewestAnswer = { meta: null, receivedAt: null, failing: false };

test.each([
  ["pushed and close to now", push, newest(1.5, 0.5), "live", 2],
  ["pushed at the limit", push, newest(15, 0), "live", 15],
  ["pushed beyond the limit", push, newest(15.1, 0), "behind", 15.1],
  ["pushed, and then silence", push, newest(2, 28), "behind", 30],
  ["pushed, more than a minute behind", push, newest(61, 0), "stale", 61],
  ["an idle stream", push, newest(0, 40), "live", 0],
  ["polled just now", polling, newest(1, 2), "behind", 3],
  ["polled, an idle stream", polling, newest(0, 2), "behind", 2],
  ["polls fail", polling, newest(1, 13, true), "disconnected", 14],
  ["one poll failed", polling, newest(1, 7, true), "behind", 8],
  ["the database is away", away, newest(0, 3), "stale", 3],
  ["answered before the stream is open", connecting, newest(1, 0), "live", 1],
  ["before the first event", push, newest(null, 0), "waiting", null],
  ["nothing yet", connecting, nothing, "connecting", null],
  ["nothing but refusals", polling, { ...nothing, failing: true }, "disconnected", null],
  ["nothing, and the database is away", away, nothing, "disconnected", null],
] as const)("%s", (_, live, held, kind, seconds) => {
  expect(freshness(live, held, now)).toEqual({ kind, seconds });
});

test("a clock behind the server's does not make negative ages", () => {
  expect(freshness(push, newest(1, -5), now)).toEqual({ kind: "live", seconds: 1 });
});
