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
  ["?minutes=5.0", 5],
  ["?minutes=abc", 5],
])("the window of %j is %d", (search, minutes) => {
  expect(minutesOf(search)).toBe(minutes);
});

test("the choice is in the URL, other parameters stay", async () => {
  window.history.replaceState(null, "", "/?a=b");
  render(<WindowSelector />);
  await userEvent.click(screen.getByRole("radio", { name: "15 min" }));
  expect(window.location.search).toBe("?a=b&minutes=15");
  expect(screen.getByRole("radio", { name: "15 min" })).toBeChecked();
  await userEvent.click(screen.getByRole("radio", { name: "5 min" }));
  expect(window.location.search).toBe("?a=b");
});

test("it works with the keyboard", async () => {
  render(<WindowSelector />);
  await userEvent.tab();
  expect(screen.getByRole("radio", { name: "5 min" })).toHaveFocus();
  await userEvent.keyboard("{ArrowRight}");
  expect(window.location.search).toBe("?minutes=15");
});
