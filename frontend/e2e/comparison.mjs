import { says } from "./panels.mjs";

const minuteOf = (time) => Math.floor(Date.parse(time) / 60_000);
const raw = (value) => String(value ?? null);

/** Every difference between a panel as read and the API's answer, in words. */
export function differences(panel, shown, answer) {
  const found = [];
  const compare = (where, cell, { id, api, kind, quiet }, source) => {
    const expected = source[api] ?? null;
    if (cell === undefined && expected === null && quiet) return;
    if (cell === undefined) found.push(`${where}: ${id} is not on the page, the API says ${raw(expected)}`);
    else if (cell.value !== raw(expected)) found.push(`${where}: ${id} is ${cell.value}, the API says ${raw(expected)}`);
    else if (!says(kind, cell.text, expected) && !isBeforeFirstEvent(answer, cell))
      found.push(`${where}: ${id} reads "${cell.text}", the API says ${raw(expected)}`);
  };
  for (const single of panel.fields.filter((field) => field.single)) {
    compare(panel.id, shown.singles[single.id], single, answer);
  }
  if (panel.row === undefined) return found;
  const rows = panel.newestFirst ? answer.data.toReversed() : answer.data;
  const keys = rows.map((row) => (panel.time ? new Date(row[panel.key]).toISOString() : String(row[panel.key])));
  const shownKeys = shown.rows.map((row) => row.key);
  if (shown.state !== "empty" && keys.join() !== shownKeys.join()) {
    found.push(`${panel.id}: the rows are [${shownKeys}], the API says [${keys}]`);
    return found;
  }
  if (shown.state === "empty" && !isEmpty(panel, rows)) found.push(`${panel.id}: empty, the API has ${rows.length} rows`);
  shown.rows.forEach(({ key, cells }, index) => {
    for (const field of panel.fields.filter((each) => !each.single)) {
      compare(`${panel.id} ${key}`, cells[`${panel.row}-${field.id}`], field, rows[index]);
    }
  });
  return found;
}

function isEmpty(panel, rows) {
  return panel.time ? rows.every((row) => (row[panel.counted] ?? null) === null) : rows.length === 0;
}

/** Sums over nothing are 0 in the API; the page says "no data" as long as no event was ever seen. */
function isBeforeFirstEvent(answer, cell) {
  return (answer.meta.complete_through ?? null) === null && cell.value === "0" && cell.text === "no data";
}

/** Must the two be equal? */
export function comparable(panel, shown, answer) {
  if (shown.asOf === answer.meta.as_of) return true;
  return panel.exact === true && minuteOf(shown.asOf) === minuteOf(answer.meta.as_of);
}
