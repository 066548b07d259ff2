import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";

import { WindowSelector } from "./WindowSelector";
import { minutesOf, useChosenMinutes } from "./minutes";

afterEach(() => {
  window.history.replaceState(null, "", "/");
});

function Selector({ day = false, fallback = 5 }: { day?: boolean; fallback?: number }) {
  return <WindowSelector covered={{ minutes: useChosenMinutes() ?? fallback, fallback, day }} />;
}

test.each([
  ["", null],
  ["?minutes=30", 30],
  ["?minutes=7", null],
  ["?minutes=1440", 1_440],
  ["?minutes=5.0", null],
  ["?minutes=abc", null],
])("the window of %j is %j", (search, minutes) => {
  expect(minutesOf(search)).toBe(minutes);
});

test("the choice is in the URL, other parameters stay", async () => {
  window.history.replaceState(null, "", "/?a=b");
  render(<Selector />);
  await userEvent.click(screen.getByRole("radio", { name: "15 min" }));
  expect(window.location.search).toBe("?a=b&minutes=15");
  expect(screen.getByRole("radio", { name: "15 min" })).toBeChecked();
  await userEvent.click(screen.getByRole("radio", { name: "5 min" }));
  expect(window.location.search).toBe("?a=b");
});

test("it works with the keyboard", async () => {
  render(<Selector />);
  await userEvent.tab();
  expect(screen.getByRole("radio", { name: "5 min" })).toHaveFocus();
  await userEvent.keyboard("{ArrowRight}");
  expect(window.location.search).toBe("?minutes=15");
});

test("a day is offered where panels can cover it, and stays while it is chosen", async () => {
  const { rerender } = render(<Selector />);
  expect(screen.queryByRole("radio", { name: "24 h" })).not.toBeInTheDocument();
  rerender(<Selector day />);
  await userEvent.click(screen.getByRole("radio", { name: "24 h" }));
  expect(window.location.search).toBe("?minutes=1440");
  rerender(<Selector />);
  expect(screen.getByRole("radio", { name: "24 h" })).toBeChecked();
});

test("only what the page would cover anyway needs no choice in the URL", async () => {
  render(<Selector day fallback={1_440} />);
  expect(screen.getByRole("radio", { name: "24 h" })).toBeChecked();
  await userEvent.click(screen.getByRole("radio", { name: "5 min" }));
  expect(window.location.search).toBe("?minutes=5");
  await userEvent.click(screen.getByRole("radio", { name: "24 h" }));
  expect(window.location.search).toBe("");
});
