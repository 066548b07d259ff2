import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Dashboard } from "../../app/Dashboard";
import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { downloads, orders, row, rows } from "../../testing/streams";
import { POLL_MS } from "../queries/useStats";
import { SILENT_AFTER_MS } from "./connection";
import { CATCH_UP_MS } from "./windows";

let api: FakeApi;

beforeEach(() => {
  vi.useFakeTimers();
  api = new FakeApi(snapshot(1, 10));
  holds(1, 100);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  window.history.replaceState(null, "", "/");
});

/** What is committed of both streams. */
function holds(version: number, count: number) {
  api.streams = [downloads(1), orders(version), orders(1, "visits")];
  api.rollup = (_, rollup) => rows([row({}, { orders: count })], rollup.startsWith("visits") ? 1 : version);
}

const total = () => screen.getByTestId("orders-orders").dataset.value;
const pass = async (millis: number) => {
  await act(() => vi.advanceTimersByTimeAsync(millis));
  await act(() => vi.advanceTimersByTimeAsync(1));
};
const lists = () => api.requests.filter((request) => request === "/api/streams").length;
const moving = (stream: string) => api.askedOf(stream).filter((request) => request.includes("last="));

async function render() {
  const page = renderLive(<Dashboard />);
  page.stream((events) => { events.snapshot(snapshot(1, 10)); });
  await pass(0);
  await pass(CATCH_UP_MS);
  api.requests.length = 0;
  return page;
}

test("a push brings the panels of the stream that changed up to date, and of no other", async () => {
  const { stream } = await render();
  expect(total()).toBe("100");
  holds(2, 200);
  stream((events) => { events.snapshot(snapshot(1, 10)); });
  await pass(10);
  expect(total()).toBe("200");
  expect(moving("orders")).toHaveLength(4);
  expect(moving("visits")).toEqual([]);
});

test("of many pushes a second panels are read once a second, and end at the last one", async () => {
  const { stream } = await render();
  for (let version = 2; version <= 21; version += 1) {
    holds(version, version);
    stream((events) => { events.snapshot(snapshot(1, 10)); });
    await pass(CATCH_UP_MS / 10);
  }
  await pass(CATCH_UP_MS);
  expect(total()).toBe("21");
  const ofTotals = moving("orders").filter((request) => request.endsWith("?group_by=&last=5m"));
  expect(ofTotals.length).toBeLessThanOrEqual(4);
});

test("while nothing changes only the list is read, as often as without pushes", async () => {
  await render();
  await pass(2 * POLL_MS + 10);
  expect(lists()).toBe(2);
  expect(moving("orders")).toEqual([]);
});

test("a day is read now and then, whatever is pushed", async () => {
  window.history.replaceState(null, "", "/?minutes=1440");
  const { stream } = await render();
  for (let version = 2; version <= 11; version += 1) {
    holds(version, version);
    stream((events) => { events.snapshot(snapshot(1, 10)); });
    await pass(CATCH_UP_MS / 2);
  }
  const ofTotals = moving("orders").filter((request) => request.endsWith("?group_by=&last=1440m"));
  expect(ofTotals.length).toBeGreaterThan(0);
  expect(ofTotals.length).toBeLessThanOrEqual(2);
});

test("data that no push told of proves the push dead", async () => {
  const { live, streams } = await render();
  await pass(SILENT_AFTER_MS);
  holds(2, 200);
  await pass(POLL_MS);
  expect(live.connection.state().mode).toBe("push");
  await pass(POLL_MS);
  expect(live.connection.state().mode).toBe("polling");
  expect(streams).toHaveLength(2);
});
