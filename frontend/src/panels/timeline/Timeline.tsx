import { Suspense, lazy, useMemo, type ReactElement } from "react";

import { TIMESERIES_MINUTES } from "../../api/keys";
import type { Timeseries } from "../../api/model";
import { useTimeseries } from "../../api/queries/useTimeseries";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";
import { Legend } from "./Legend";
import { MinuteTable } from "./MinuteTable";
import { toMinutes } from "./series";
import "./timeline.css";

/** The chart library is most of the page's code; the numbers do not wait for it. */
const TimelineChart = lazy(async () => ({ default: (await import("./TimelineChart")).TimelineChart }));

export function Timeline(): ReactElement {
  return (
    <Panel
      id="timeline"
      title="Timeline"
      scope={lastMinutes(TIMESERIES_MINUTES)}
      query={useTimeseries()}
      isEmpty={({ data }) => data.every((point) => (point.total_downloads ?? null) === null)}
      empty={`Nothing is known of the ${lastMinutes(TIMESERIES_MINUTES)}.`}
      aside={<Legend />}
    >
      {(answer) => <Drawing answer={answer} />}
    </Panel>
  );
}

function Drawing({ answer }: { answer: Timeseries }): ReactElement {
  const minutes = useMemo(() => toMinutes(answer), [answer]);
  return (
    <>
      <figure className="timeline-chart" aria-label="Chart of downloads per minute and success rate; numbers below">
        <Suspense fallback={null}>
          <TimelineChart minutes={minutes} />
        </Suspense>
      </figure>
      <MinuteTable minutes={minutes} />
    </>
  );
}
