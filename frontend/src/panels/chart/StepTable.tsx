import type { ReactElement } from "react";

import { DataTable, type Column } from "../../ui/DataTable";
import type { Plot, Series } from "./plot";
import { STATE_WORDS } from "./state";
import type { Step } from "./steps";

const iso = (step: Step) => new Date(step.start).toISOString();

/** The chart in numbers, newest first. */
export function StepTable({ plot, steps }: { plot: Plot; steps: readonly Step[] }): ReactElement {
  const { counts, rates } = plot;
  const names = [counts, rates].flatMap((series) => series?.name ?? []).join(" and ");
  return (
    <details className="chart-details">
      <summary>Show the numbers</summary>
      <div className="chart-numbers">
        <DataTable
          id={plot.id}
          caption={`${names} of each step, newest first`}
          columns={columns(plot)}
          rows={steps.toReversed()}
          rowKey={iso}
        />
      </div>
    </details>
  );
}

function columns({ step, time, counts, rates }: Plot): Column<Step>[] {
  return [
    { id: "start", header: step, value: iso, cell: ({ start }) => time(start) },
    column(counts, ({ count }) => count),
    ...(rates === null ? [] : [column(rates, ({ rate }) => rate)]),
    { id: "state", header: "State", value: ({ state }) => state, cell: ({ state }) => STATE_WORDS[state] },
  ];
}

function column({ id, name, text }: Series, value: (step: Step) => number | null): Column<Step> {
  return { id, header: name, value, cell: (step) => text(value(step)), numeric: true };
}
