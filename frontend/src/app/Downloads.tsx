import type { ReactElement } from "react";

import { STATS_MINUTES } from "../api/keys";
import { DOWNLOADS } from "../api/served";
import { Alerts } from "../panels/alerts/Alerts";
import { DevicesTable } from "../panels/devices/DevicesTable";
import { RegionsTable } from "../panels/regions/RegionsTable";
import { Summary } from "../panels/summary/Summary";
import { Timeline } from "../panels/timeline/Timeline";
import { TrendingTable } from "../panels/trending/TrendingTable";

/** The panels of the downloads. `lead`: the page begins with them, and has the alerts of all streams beside their chart. */
export function Downloads({ minutes, lead }: { minutes: number; lead: boolean }): ReactElement {
  const span = Math.min(minutes, STATS_MINUTES);
  return (
    <>
      {!lead && <h2 className="stream-title">{DOWNLOADS}</h2>}
      <Summary minutes={span} />
      <Timeline />
      {lead && <Alerts downloads />}
      <RegionsTable minutes={span} />
      <TrendingTable minutes={span} />
      <DevicesTable minutes={span} />
    </>
  );
}
