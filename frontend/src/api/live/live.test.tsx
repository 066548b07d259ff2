import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Summary } from "../../panels/summary/Summary";
import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { POLL_MS, QUIET_MS } from "../queries/useStats";
import { SILENT_AFTER_MS } from "./connection";
import { CATCH_UP_MS } from "./windows";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const total = () => screen.getByTestId("total-downloads").dataset.value;
/** One millisecond more lets what was answered reach the page. */
const pass = async (millis: number) => {
  await act(() => vi.advanceTimersByTimeAsync(millis));
  await act(() => vi.advanceTimersByTimeAsync(1));
};

test("a push is on the page at once, without a request", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Summary minutes={5} />);
  await pass(0);
  expect(total()).toBe("10");
  stream((events) => { events.snapshot(snapshot(2, 20)); });
  expect(total()).toBe("20");
  await pass(QUIET_MS - 10);
  expect(api.asked("realtime")).toHaveLength(1);
});

test("while pushes fail each panel asks for itself, and stops when they are back", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Summary minutes={5} />);
  stream((events) => { events.snapshot(snapshot(1, 10)); });
  await pass(0);
  stream((events) => { events.cut(); });
  api.snapshot = snapshot(2, 20);
  await pass(POLL_MS);
  expect(total()).toBe("20");
  api.snapshot = snapshot(3, 30);
  await pass(POLL_MS);
  expect(total()).toBe("30");
  const before = api.asked("realtime").length;
  stream((events) => { events.snapshot(snapshot(4, 40)); });
  await pass(POLL_MS + 1);
  expect(total()).toBe("40");
  expect(api.asked("realtime")).toHaveLength(before);
});

test("a slow answer does not take the page back behind a push", async () => {
  const api = new FakeApi(snapshot(1, 10));
  let open: (value: unknown) => void = () => undefined;
  api.gate = new Promise((resolve) => { open = resolve; });
  const { stream } = renderLive(<Summary minutes={5} />);
  await pass(0);
  stream((events) => { events.snapshot(snapshot(2, 20)); });
  open(null);
  await pass(100);
  expect(api.asked("realtime")).toHaveLength(1);
  expect(total()).toBe("20");
});

test("a window the push does not carry is read again for each new version", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Summary minutes={15} />);
  await pass(0);
  expect(api.asked("realtime")).toEqual(["/api/stats/realtime?minutes=15"]);
  api.snapshot = snapshot(2, 150);
  stream((events) => { events.snapshot(snapshot(2, 20)); });
  await pass(0);
  expect(total()).toBe("150");
  await pass(2 * CATCH_UP_MS);
  expect(api.asked("realtime")).toHaveLength(2);
});

test("of many pushes a second a window is read once a second, and ends at the last one", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Summary minutes={15} />);
  await pass(0);
  for (let version = 2; version <= 11; version += 1) {
    api.snapshot = snapshot(version, version);
    stream((events) => { events.snapshot(snapshot(version, 0)); });
    await pass(CATCH_UP_MS / 10);
  }
  await pass(2 * CATCH_UP_MS);
  expect(total()).toBe("11");
  expect(api.asked("realtime").length).toBeLessThanOrEqual(4);
});

test("a quiet stream is asked now and then, as the last minutes move on", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Summary minutes={5} />);
  await pass(0);
  stream((events) => { events.snapshot(snapshot(1, 10)); });
  const later = snapshot(1, 4);
  api.snapshot = { ...later, meta: { ...later.meta, as_of: "2026-01-01T12:00:30Z" } };
  await pass(QUIET_MS);
  expect(total()).toBe("4");
});

test("a push that died without a word is found out and opened again", async () => {
  const api = new FakeApi(snapshot(1, 10));
  const { stream, streams, live } = renderLive(<Summary minutes={5} />);
  await pass(0);
  stream((events) => { events.snapshot(snapshot(1, 10)); });
  api.snapshot = snapshot(9, 90);
  expect(QUIET_MS).toBeGreaterThan(SILENT_AFTER_MS);
  await pass(QUIET_MS);
  expect(total()).toBe("90");
  expect(live.connection.state().mode).toBe("polling");
  expect(streams).toHaveLength(2);
});

test("a page nobody sees holds no connection", () => {
  new FakeApi(snapshot(1, 10));
  const { streams } = renderLive(<Summary minutes={5} />);
  const visibility = vi.spyOn(document, "visibilityState", "get");
  visibility.mockReturnValue("hidden");
  act(() => { document.dispatchEvent(new Event("visibilitychange")); });
  expect(streams.map((stream) => stream.readyState)).toEqual([2]);
  visibility.mockReturnValue("visible");
  act(() => { document.dispatchEvent(new Event("visibilitychange")); });
  expect(streams.map((stream) => stream.readyState)).toEqual([2, 0]);
});
