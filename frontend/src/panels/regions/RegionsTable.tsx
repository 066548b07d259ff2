import type { ReactElement } from "react";

import type { HealthStatus, Region } from "../../api/model";
import { useRegions } from "../../api/queries/useRegions";
import { count, decimal, percent } from "../../format/number";
import { MBIT_PER_SECOND } from "../../format/unit";
import { Badge, type Tone } from "../../ui/Badge";
import { DataTable, type Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";

const TONES: Record<HealthStatus, Tone> = { healthy: "good", degraded: "warning", critical: "bad" };

const COLUMNS: readonly Column<Region>[] = [
  { id: "name", header: "Region", value: (row) => row.region, cell: (row) => row.region },
  {
    id: "downloads",
    header: "Downloads",
    value: (row) => row.downloads,
    cell: (row) => count(row.downloads),
    numeric: true,
  },
  {
    id: "success",
    header: "Success",
    value: (row) => row.success_rate,
    cell: (row) => percent(row.success_rate),
    numeric: true,
  },
  {
    id: "speed",
    header: MBIT_PER_SECOND,
    value: (row) => row.avg_speed,
    cell: (row) => decimal(row.avg_speed),
    numeric: true,
  },
  {
    id: "health",
    header: "Health",
    value: (row) => row.health_status,
    cell: (row) => <Badge tone={TONES[row.health_status]}>{row.health_status}</Badge>,
  },
];

export function RegionsTable({ minutes }: { minutes: number }): ReactElement {
  return (
    <Panel
      id="regions"
      title="Regions"
      scope={lastMinutes(minutes)}
      query={useRegions(minutes)}
      isEmpty={({ data }) => data.length === 0}
      empty={`No region had downloads in the ${lastMinutes(minutes)}.`}
    >
      {({ data }) => (
        <DataTable
          id="region"
          caption="Downloads and health of each region"
          columns={COLUMNS}
          rows={data}
          rowKey={(row) => row.region}
        />
      )}
    </Panel>
  );
}
