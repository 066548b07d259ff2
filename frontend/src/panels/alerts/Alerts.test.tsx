import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import type { Alert } from "../../api/model";
import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { Alerts } from "./Alerts";
import { announcement } from "./announcement";

afterEach(() => { vi.unstubAllGlobals(); });

const alert = (id: number): Alert => ({
  id,
  alert_type: "HIGH_ERROR_RATE",
  severity: "WARNING",
  message: `number ${id}`,
  region: null,
  metric_name: "success_rate",
  metric_value: 0.88,
  threshold_value: 0.9,
  created_at: "2026-01-01T11:55:00Z",
  silenced: false,
});

function withAlerts(version: number, data: Alert[], open = data.length) {
  return { ...snapshot(version, 10), alerts: { data, count: data.length, unacknowledged_count: open } };
}

test("an alert says how bad, where, what against which threshold, and since when", async () => {
  vi.setSystemTime("2026-01-01T12:00:00Z");
  new FakeApi(snapshot(1, 10));
  renderLive(<Alerts downloads />);
  await screen.findByTestId("alert-row");
  vi.useRealTimers();
  expect(screen.getByTestId("alert-severity")).toHaveTextContent("critical");
  expect(screen.getByTestId("alert-region")).toHaveTextContent("eu-west");
  expect(screen.getByTestId("alert-value")).toHaveTextContent("81.0%");
  expect(screen.getByTestId("alert-threshold")).toHaveTextContent("90.0%");
  expect(screen.getByTestId("alert-since")).toHaveTextContent("5 min. ago");
});

test("an alert about something else names no region, and more open ones than shown are counted", async () => {
  new FakeApi(withAlerts(1, [alert(1), alert(2)], 31));
  renderLive(<Alerts downloads />);
  expect((await screen.findAllByTestId("alert-region")).map((region) => region.textContent)).toEqual(["", ""]);
  expect(screen.getByText("31").parentElement).toHaveTextContent("31 open, newest 2 shown");
});

test("no alerts is said, and counts as none open", async () => {
  new FakeApi(withAlerts(1, []));
  renderLive(<Alerts downloads />);
  expect(await screen.findByText("No open alerts.")).toBeVisible();
  expect(screen.getByTestId("alerts-open")).toHaveTextContent("0");
});

test("only alerts that are new are read out", async () => {
  new FakeApi(withAlerts(1, [alert(1)]));
  const { stream } = renderLive(<Alerts downloads />);
  await screen.findByText("number 1");
  expect(screen.getByTestId("announcer")).toHaveTextContent("");
  stream((events) => { events.snapshot(withAlerts(2, [alert(2), alert(1)])); });
  expect(screen.getByTestId("announcer")).toHaveTextContent("New warning alert: number 2");
  expect(screen.getByTestId("announcer")).not.toHaveTextContent("number 1");
});

test("an alert that leaves the list and comes back is not new", () => {
  expect(announcement(new Set([1, 2]), [alert(1)])).toBeNull();
  expect(announcement(null, [alert(1)])).toBeNull();
  expect(announcement(new Set(), [alert(1), alert(2)])).toBe(
    "New warning alert: number 1. New warning alert: number 2",
  );
});
