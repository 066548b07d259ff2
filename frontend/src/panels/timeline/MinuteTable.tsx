import type { ReactElement } from "react";

import { count, percent } from "../../format/number";
import { clockMinute } from "../../format/time";
import { DataTable, type Column } from "../../ui/DataTable";
import type { Minute } from "./series";
import { STATE_WORDS } from "./state";

const iso = (minute: Minute) => new Date(minute.start).toISOString();

const COLUMNS: readonly Column<Minute>[] = [
  { id: "start", header: "Minute", value: iso, cell: (minute) => clockMinute(minute.start) },
  {
    id: "downloads",
    header: "Downloads",
    value: (minute) => minute.downloads,
    cell: (minute) => count(minute.downloads),
    numeric: true,
  },
  { id: "rate", header: "Success", value: (minute) => minute.rate, cell: (minute) => percent(minute.rate), numeric: true },
  { id: "state", header: "State", value: (minute) => minute.state, cell: (minute) => STATE_WORDS[minute.state] },
];

/** The chart in numbers, newest first. */
export function MinuteTable({ minutes }: { minutes: readonly Minute[] }): ReactElement {
  return (
    <details className="timeline-details">
      <summary>Show the numbers</summary>
      <div className="timeline-numbers">
        <DataTable
          id="minute"
          caption="Downloads and success rate of each minute, newest first"
          columns={COLUMNS}
          rows={minutes.toReversed()}
          rowKey={iso}
        />
      </div>
    </details>
  );
}
