import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { FakeApi } from "../../testing/FakeApi";
import { snapshot } from "../../testing/answers";
import { renderLive } from "../../testing/renderLive";
import { before, orders, row, rows, series } from "../../testing/streams";
import { StreamSection } from "./StreamSection";

const TOTAL = { orders: 1_200, wait_ms_p50: 40.5, wait_ms_p99: 900, mean_amount: 12.3456, paid_rate: 0.5 };

let api: FakeApi;

beforeEach(() => {
  api = new FakeApi(snapshot(1, 10));
  api.streams = [orders(3)];
  api.rollup = (asked) => {
    const total = row({}, TOTAL);
    if (asked.has("compare")) {
      return rows([before(total, { ...TOTAL, orders: 1_000, wait_ms_p50: 0, mean_amount: null, paid_rate: 0.46 })], 3);
    }
    if (asked.has("step")) {
      const none = { orders: 0, paid_rate: null };
      return rows(series([{ orders: 4, paid_rate: 1 }, "counted"], [none, "zero"], [{ orders: null, paid_rate: null }, "missing"], [{ orders: 2, paid_rate: 0.5 }, "gap"], [{ orders: 1, paid_rate: 0 }, "open"]), 3);
    }
    return rows([total], 3);
  };
});

afterEach(() => {
  vi.unstubAllGlobals();
  window.history.replaceState(null, "", "/");
});

const render = (minutes = 5) => renderLive(<StreamSection stream={orders(3)} minutes={minutes} />);

const card = (id: string) => screen.getByTestId(`orders-${id}`).closest(".card");

test("a card for each measure of the rollup that tells most, with units, quantiles and the change", async () => {
  render();
  await screen.findByText("+20%");
  expect([...document.querySelectorAll(".card")].map((each) => each.textContent)).toEqual([
    "Orders1,200+20% against the 5 minutes before",
    "Wait ms p5040.5 msp99 900 ms",
    "Mean amount12.346",
    "Paid rate50.0%+4 points against the 5 minutes before",
  ]);
  expect(screen.getByTestId("orders-mean_amount")).toHaveAttribute("data-value", "12.3456");
  expect(screen.getByTestId("orders-orders-before")).toHaveAttribute("data-value", "1000");
  expect(screen.getByText(/^Changes: the final 5 minutes until 12:01, against the 5 minutes before/)).toBeVisible();
});

test("changes are of final windows only, and asked for once for each of them", async () => {
  render(15);
  await screen.findByText("+20%");
  const [asked, ...more] = api.askedOf("orders").filter((request) => request.includes("compare"));
  expect(more).toEqual([]);
  const parameters = new URL(asked ?? "", "http://localhost").searchParams;
  expect(Object.fromEntries(parameters)).toEqual({
    group_by: "",
    from: "2026-01-01T11:43:00.000Z",
    to: "2026-01-01T11:58:00.000Z",
    compare: "previous",
  });
});

test("nothing known is no zero, and leads to a longer window", async () => {
  api.rollup = () => rows([row({}, { orders: null, paid_rate: null }, "missing")], 3);
  render();
  expect(await screen.findByText(/^Nothing is known of the last 5 minutes\./)).toBeVisible();
  expect(card("orders")).toHaveTextContent(/^Ordersno data$/);
  expect(screen.queryByText(/^Changes/)).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Show the last 24 hours" }));
  expect(window.location.search).toBe("?minutes=1440");
});

test("a window in which nothing came is zero", async () => {
  api.rollup = () => rows([row({}, { orders: 0, paid_rate: null }, "zero")], 3);
  render(1_440);
  expect(await screen.findByText("Nothing came in the last 24 hours.")).toBeVisible();
  expect(card("orders")).toHaveTextContent(/^Orders0$/);
  expect(screen.queryByRole("button", { name: /^Show the last/ })).not.toBeInTheDocument();
});

test("the chart tells zero, missing, skipped and open apart, in numbers as well", async () => {
  render();
  const panel = await screen.findByTestId("panel-timeline-orders");
  await within(panel).findAllByTestId("step-orders-row");
  const cells = within(panel).getAllByTestId("step-orders-row").map((each) => [...each.children].map((cell) => cell.textContent));
  expect(cells).toEqual([
    ["12:00", "1", "0.0%", "still filling"],
    ["11:59", "2", "50.0%", "records skipped"],
    ["11:58", "no data", "no data", "no data"],
    ["11:57", "0", "no data", "final"],
    ["11:56", "4", "100.0%", "final"],
  ]);
  expect(within(panel).getByRole("figure", { name: "Chart of Orders per minute and Paid rate; numbers below" })).toBeInTheDocument();
  expect(within(panel).getByRole("list", { name: "How steps are drawn" })).toHaveTextContent("records skipped");
});

test("each rollup has a table of the rows with the highest counts, with every measure", async () => {
  api.rollup = (asked, rollup) =>
    rollup === "orders_by_shop" && !asked.has("step")
      ? rows([row({ shop: "north", limit: "1" }, { amount_bytes: 15_005_010, orders: 1_200, buyers: 7 }), row({ shop: "south", limit: "2" }, { amount_bytes: null, orders: 3, buyers: 0 })], 3)
      : rows([], 3);
  render(60);
  const table = await screen.findByRole("table", { name: "Top rows of orders_by_shop" });
  expect(within(table).getAllByRole("columnheader").map((cell) => cell.textContent)).toEqual(
    ["Shop", "Limit", "Town", "Amount bytes", "Orders", "Buyers"],
  );
  expect(within(table).getAllByTestId("rollup-orders_by_shop-row").map((each) => [...each.children].map((cell) => cell.textContent))).toEqual([
    ["north", "1", "no data", "15 MB", "1,200", "7"],
    ["south", "2", "no data", "no data", "3", "0"],
  ]);
  expect(api.askedOf("orders")).toContain("/api/streams/orders/orders_by_shop?last=60m&limit=10&order=-orders");
  expect(await screen.findByText("Nothing was counted in the last 60 minutes.")).toBeVisible();
});
