import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { DeviceList } from "../api/model";
import { useDevices } from "../api/queries/useDevices";
import { FakeApi } from "../testing/FakeApi";
import { snapshot } from "../testing/answers";
import { renderLive } from "../testing/renderLive";
import { Panel } from "./Panel";

let api: FakeApi;
let draw: (answer: DeviceList) => string;

beforeEach(() => {
  api = new FakeApi(snapshot(1, 10));
  draw = ({ data }) => data.map((row) => row.device).join(",");
});

afterEach(() => { vi.unstubAllGlobals(); });

function Devices() {
  const query = useDevices(5);
  return (
    <Panel id="d" title="Devices" query={query} isEmpty={({ data }) => data.length === 0} empty="None at all.">
      {(answer) => draw(answer)}
    </Panel>
  );
}

const panel = () => screen.getByTestId("panel-d");

test("loading, then data with the version it is of", async () => {
  let open: (value: unknown) => void = () => undefined;
  api.gate = new Promise((resolve) => { open = resolve; });
  renderLive(<Devices />);
  expect(panel()).toHaveAttribute("data-state", "loading");
  expect(panel()).toHaveAttribute("aria-busy", "true");
  expect(screen.getByText("Loading…")).toBeVisible();
  open(null);
  expect(await screen.findByText("android")).toBeVisible();
  expect(panel()).toHaveAttribute("data-state", "data");
  expect(panel()).toHaveAttribute("data-version", "1");
  expect(panel()).toHaveAttribute("aria-busy", "false");
});

test("empty is said in words", async () => {
  api.snapshot = { ...api.snapshot, devices: { data: [], count: 0, window_minutes: 5 } };
  renderLive(<Devices />);
  expect(await screen.findByText("None at all.")).toBeVisible();
  expect(panel()).toHaveAttribute("data-state", "empty");
});

test("an error has its reason and its request, and trying again helps", async () => {
  api.problems.set("devices", { status: 503, detail: "the database is away" });
  renderLive(<Devices />);
  expect(await screen.findByRole("alert")).toHaveTextContent("503 the database is away");
  expect(screen.getByRole("alert")).toHaveTextContent("Request r-1");
  expect(panel()).toHaveAttribute("data-state", "error");
  api.problems.clear();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("android")).toBeVisible();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("what was shown stays when asking again fails, with the reason", async () => {
  const { client } = renderLive(<Devices />);
  await screen.findByText("android");
  api.problems.set("devices", { status: 503, detail: "the database is away" });
  await act(() => client.refetchQueries());
  expect(screen.getByText("android")).toBeVisible();
  expect(await screen.findByText(/Not updated since .*: 503 the database is away/)).toBeVisible();
});

test("asking again does not bring the loading state back", async () => {
  const { client } = renderLive(<Devices />);
  await screen.findByText("android");
  api.gate = new Promise(() => undefined);
  act(() => { void client.refetchQueries(); });
  expect(panel()).toHaveAttribute("data-state", "data");
  expect(screen.getByText("android")).toBeVisible();
});

test("a panel that cannot be drawn says so and can be tried again", async () => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
  const good = draw;
  draw = () => { throw new Error("no such field"); };
  renderLive(<Devices />);
  expect(await screen.findByRole("alert")).toHaveTextContent("no such field");
  draw = good;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("android")).toBeVisible();
});
