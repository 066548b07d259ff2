import type { ReactElement } from "react";

import type { Device } from "../../api/model";
import { useDevices } from "../../api/queries/useDevices";
import { count, decimal, percent } from "../../format/number";
import { MBIT_PER_SECOND } from "../../format/unit";
import { DataTable, type Column } from "../../ui/DataTable";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";

const COLUMNS: readonly Column<Device>[] = [
  { id: "name", header: "Device", value: (row) => row.device, cell: (row) => row.device },
  {
    id: "downloads",
    header: "Downloads",
    value: (row) => row.total_downloads,
    cell: (row) => count(row.total_downloads),
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
];

export function DevicesTable({ minutes }: { minutes: number }): ReactElement {
  return (
    <Panel
      id="devices"
      title="Devices"
      scope={lastMinutes(minutes)}
      query={useDevices(minutes)}
      isEmpty={({ data }) => data.length === 0}
      empty={`No device downloaded anything in the ${lastMinutes(minutes)}.`}
    >
      {({ data }) => (
        <DataTable
          id="device"
          caption="Downloads of each kind of device"
          columns={COLUMNS}
          rows={data}
          rowKey={(row) => row.device}
        />
      )}
    </Panel>
  );
}
