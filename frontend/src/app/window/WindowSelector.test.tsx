import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";

import { WindowSelector } from "./WindowSelector";
import { minutesOf } from "./minutes";

afterEach(() => {
  window.history.replaceState(null, "", "/");
});

test.each([
  ["", 5],
  ["?minutes=30", 30],
  ["?minutes=7", 5],
  ["?minutes=1440", 1_440],
  ["?minutes=5.0", 5],
  ["?minutes=abc", 5],
])("the window of %j is %d", (search, minutes) => {
  expect(minutesOf(search)).toBe(minutes);
});

test("the choice is in the URL, other parameters stay", async () => {
  window.history.replaceState(null, "", "/?a=b");
  render(<WindowSelector day={false} />);
  await userEvent.click(screen.getByRole("radio", { name: "15 min" }));
  expect(window.location.search).toBe("?a=b&minutes=15");
  expect(screen.getByRole("radio", { name: "15 min" })).toBeChecked();
  await userEvent.click(screen.getByRole("radio", { name: "5 min" }));
  expect(window.location.search).toBe("?a=b");
});

test("it works with the keyboard", async () => {
  render(<WindowSelector day={false} />);
  await userEvent.tab();
  expect(screen.getByRole("radio", { name: "5 min" })).toHaveFocus();
  await userEvent.keyboard("{ArrowRight}");
  expect(window.location.search).toBe("?minutes=15");
});

test("a day is offered where panels can cover it, and stays while it is chosen", async () => {
  const { rerender } = render(<WindowSelector day={false} />);
  expect(screen.queryByRole("radio", { name: "24 h" })).not.toBeInTheDocument();
  rerender(<WindowSelector day />);
  await userEvent.click(screen.getByRole("radio", { name: "24 h" }));
  expect(window.location.search).toBe("?minutes=1440");
  rerender(<WindowSelector day={false} />);
  expect(screen.getByRole("radio", { name: "24 h" })).toBeChecked();
});
