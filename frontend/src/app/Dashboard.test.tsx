import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";

import { POLL_MS } from "../api/queries/useStats";
import { FakeApi } from "../testing/FakeApi";
import { snapshot } from "../testing/answers";
import { renderLive } from "../testing/renderLive";
import { downloads, orders, rows, series } from "../testing/streams";
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
  // First the list of streams, then the panels.
  await pass(0);
  await pass(1);
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

test("the page has its landmarks, and a way past the header", async () => {
  new FakeApi(snapshot(1, 10));
  renderLive(<Dashboard />);
  expect(screen.getByRole("banner")).toContainElement(screen.getByRole("heading", { level: 1 }));
  expect(screen.getByRole("main")).toHaveAttribute("id", "content");
  expect(screen.getByRole("link", { name: "Skip to the numbers" })).toHaveAttribute("href", "#content");
  await screen.findByTestId("panel-summary");
  for (const name of ["Totals", "Timeline", "Alerts", "Regions", "Trending", "Devices"]) {
    expect(screen.getByRole("region", { name })).toBeInTheDocument();
  }
});

const rendered = () => [...document.querySelectorAll("main [data-testid^='stream-'], main [data-testid^='panel-']")].map(
  (element) => element.getAttribute("data-testid"),
);

const OF_ORDERS = [
  "stream-orders",
  "panel-totals-orders",
  "panel-timeline-orders",
  "panel-rollup-orders_by_shop",
  "panel-rollup-orders_by_country",
];
const OF_DOWNLOADS = ["summary", "timeline", "regions", "trending", "devices"].map((id) => `panel-${id}`);

test("downloads come first where there are any, the alerts of all streams beside their chart", async () => {
  const api = new FakeApi(snapshot(1, 10));
  api.streams = [orders(3), downloads(1), orders(0, "never-read")];
  renderLive(<Dashboard />);
  await screen.findByTestId("stream-orders");
  const [summary = "", timeline = "", ...tables] = OF_DOWNLOADS;
  expect(rendered()).toEqual([summary, timeline, "panel-alerts", ...tables, ...OF_ORDERS]);
});

test("a stream that was read comes before downloads that never were", async () => {
  const api = new FakeApi(snapshot(1, 10));
  api.streams = [downloads(0), orders(3)];
  renderLive(<Dashboard />);
  await screen.findByTestId("stream-orders");
  const [section = "", totals = "", timeline = "", ...tables] = OF_ORDERS;
  expect(rendered()).toEqual([section, totals, timeline, "panel-alerts", ...tables, ...OF_DOWNLOADS]);
  expect(screen.getByTestId("complete-through")).toHaveAttribute("data-value", "2026-01-01T11:58:00Z");
});

test("without downloads nothing about them is shown or asked for, and nothing fails", async () => {
  vi.useFakeTimers();
  const { alerts, meta } = snapshot(3, 10);
  const api = new FakeApi({ alerts, meta });
  api.streams = [orders(3)];
  const { stream } = renderLive(<Dashboard />);
  stream((events) => { events.cut(); });
  await pass(3 * POLL_MS);
  expect(rendered()).toHaveLength(OF_ORDERS.length + 1);
  expect(screen.getByTestId("alert-severity")).toHaveTextContent("critical");
  stream((events) => { events.snapshot({ alerts, meta }); });
  await pass(POLL_MS);
  expect(screen.getByTestId("freshness").dataset.value).toBe("live");
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  expect(screen.queryByTestId("notice")).not.toBeInTheDocument();
  expect(api.requests.filter((request) => request.startsWith("/api/stats/"))).toEqual([]);
});

test("where no snapshot is had without downloads there is no panel of alerts, and no error", async () => {
  const api = new FakeApi(snapshot(3, 10));
  api.streams = [orders(3)];
  api.problems.set("dashboard", { status: 404, detail: "there are no downloads" });
  renderLive(<Dashboard />);
  await screen.findByTestId("stream-orders");
  await waitFor(() => { expect(rendered()).toEqual(OF_ORDERS); });
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("streams that nobody has read are named", async () => {
  const api = new FakeApi(snapshot(3, 10));
  api.streams = [orders(0), orders(0, "visits")];
  renderLive(<Dashboard />);
  expect(await screen.findByText("Nothing was read yet of orders, visits.")).toBeVisible();
  expect(rendered()).toEqual([]);
});

test("a list of streams that cannot be had is told, and asked for again", async () => {
  const api = new FakeApi(snapshot(1, 10));
  api.problems.set("streams", { status: 503, detail: "the database is away" });
  renderLive(<Dashboard />);
  expect(await screen.findByRole("alert")).toHaveTextContent("503 the database is away");
  api.problems.clear();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByTestId("panel-summary")).toBeInTheDocument();
});

test("a page about a log that ended a while ago begins with a window that it is in", async () => {
  const api = new FakeApi(snapshot(1, 10));
  api.streams = [downloads(0), orders(3)];
  const hour = Array.from({ length: 60 }, (_, index): [{ orders: number }, "counted"] => [{ orders: index === 40 ? 5 : 0 }, "counted"]);
  api.rollup = (asked) => rows(asked.has("step") ? series(...hour) : [], 3);
  renderLive(<Dashboard />);
  await screen.findByTestId("stream-orders");
  expect(screen.getByRole("radio", { name: "30 min" })).toBeChecked();
  expect(api.askedOf("orders").filter((request) => request.includes("last=5m"))).toEqual([]);
  await userEvent.click(screen.getByRole("radio", { name: "5 min" }));
  expect(window.location.search).toBe("?minutes=5");
  await userEvent.click(screen.getByRole("radio", { name: "30 min" }));
  expect(window.location.search).toBe("");
  expect(screen.getByRole("radio", { name: "30 min" })).toBeChecked();
});
