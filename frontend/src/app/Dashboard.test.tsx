import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { POLL_MS } from "../api/queries/useStats";
import { FakeApi } from "../testing/FakeApi";
import { snapshot } from "../testing/answers";
import { renderLive } from "../testing/renderLive";
import { Dashboard } from "./Dashboard";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  window.history.replaceState(null, "", "/");
});

const states = () =>
  ["summary", "timeline", "alerts", "regions", "trending", "devices"].map(
    (id) => screen.getByTestId(`panel-${id}`).dataset.state,
  );

const pass = (millis: number) => act(() => vi.advanceTimersByTimeAsync(millis));

test("one failing endpoint leaves the other panels alone", async () => {
  vi.useFakeTimers();
  const api = new FakeApi(snapshot(1, 10));
  api.problems.set("regions", { status: 500, detail: "this request could not be answered" });
  renderLive(<Dashboard />);
  await pass(0);
  expect(states()).toEqual(["data", "data", "data", "error", "data", "data"]);
  expect(screen.getByRole("alert")).toHaveTextContent("500 this request could not be answered");
});

test("one push fills every panel, whatever each endpoint answers", async () => {
  vi.useFakeTimers();
  const api = new FakeApi(snapshot(1, 10));
  api.gate = new Promise(() => undefined);
  const { stream } = renderLive(<Dashboard />);
  await pass(0);
  expect(states()).toEqual(Array(6).fill("loading"));
  stream((events) => { events.snapshot(snapshot(2, 20)); });
  expect(states()).toEqual(Array(6).fill("data"));
});

test("the header tells live, polling, away and disconnected apart", async () => {
  vi.useFakeTimers();
  const api = new FakeApi(snapshot(1, 10));
  const { stream } = renderLive(<Dashboard />);
  const kind = () => screen.getByTestId("freshness").dataset.value;
  expect(kind()).toBe("connecting");
  stream((events) => { events.snapshot(snapshot(1, 10)); });
  await pass(0);
  expect(kind()).toBe("live");
  expect(screen.queryByTestId("notice")).not.toBeInTheDocument();
  expect(screen.getByTestId("complete-through")).toHaveAttribute("data-value", "2026-01-01T11:58:00Z");

  stream((events) => { events.problem("the database is away"); });
  await pass(0);
  expect(kind()).toBe("stale");
  expect(screen.getByTestId("notice")).toHaveTextContent("the database is away");

  stream((events) => { events.cut(); });
  await pass(0);
  expect(kind()).toBe("behind");
  expect(screen.getByTestId("notice")).toHaveTextContent("Asking every 5 seconds");

  for (const part of ["realtime", "trending", "regions", "devices", "timeseries", "alerts"]) {
    api.problems.set(part, { status: 503, detail: "away" });
  }
  await pass(3 * POLL_MS);
  expect(kind()).toBe("disconnected");
  expect(screen.getByTestId("notice")).toHaveTextContent("The API does not answer");

  stream((events) => { events.snapshot(snapshot(2, 20)); });
  await pass(1_000);
  expect(kind()).toBe("live");
});

test("the window changes the panels that have one, and only those", async () => {
  const api = new FakeApi(snapshot(1, 10));
  renderLive(<Dashboard />);
  await screen.findByTestId("total-downloads");
  api.requests.length = 0;
  await userEvent.click(screen.getByRole("radio", { name: "30 min" }));
  expect([...api.requests].sort()).toEqual([
    "/api/stats/devices?minutes=30&limit=10",
    "/api/stats/realtime?minutes=30",
    "/api/stats/regions?minutes=30",
    "/api/stats/trending?minutes=30&limit=5",
  ]);
  expect(window.location.search).toBe("?minutes=30");
});

test("the page has its landmarks, and a way past the header", () => {
  new FakeApi(snapshot(1, 10));
  renderLive(<Dashboard />);
  expect(screen.getByRole("banner")).toContainElement(screen.getByRole("heading", { level: 1 }));
  expect(screen.getByRole("main")).toHaveAttribute("id", "content");
  expect(screen.getByRole("link", { name: "Skip to the numbers" })).toHaveAttribute("href", "#content");
  for (const name of ["Totals", "Timeline", "Alerts", "Regions", "Trending", "Devices"]) {
    expect(screen.getByRole("region", { name })).toBeInTheDocument();
  }
});
