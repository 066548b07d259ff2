import type { ReactElement } from "react";

import { useStreams } from "../api/queries/useStreams";
import { DOWNLOADS, served, type Served } from "../api/served";
import { Alerts } from "../panels/alerts/Alerts";
import { StreamSection } from "../panels/streams/StreamSection";
import { Failure } from "../ui/Failure";
import { Downloads } from "./Downloads";
import { Header } from "./header/Header";
import { useChosenMinutes } from "./window/minutes";
import { useFallback } from "./window/useFallback";
import "./theme.css";
import "./page.css";

export function Dashboard(): ReactElement {
  const streams = useStreams();
  const what = streams.data && served(streams.data);
  const chosen = useChosenMinutes();
  const lead = what?.others.find(({ stream }) => stream === what.lead) ?? null;
  const fallback = useFallback(lead);
  const minutes = chosen ?? (what === undefined ? null : fallback);
  return (
    <>
      <a className="skip" href="#content">
        Skip to the numbers
      </a>
      <Header covered={{ minutes, fallback, day: what !== undefined && what.others.length > 0 }} />
      <main id="content" className={what?.lead === DOWNLOADS ? "page" : "page page-of-others"} tabIndex={-1}>
        {what !== undefined && minutes !== null && <Streams what={what} minutes={minutes} />}
        {(streams.isPending || (what !== undefined && minutes === null)) && <p className="panel-message page-message">Loading…</p>}
        {streams.isLoadingError && (
          <div className="panel page-message">
            <Failure
              title="The list of streams could not be loaded"
              error={streams.error}
              retry={() => { void streams.refetch(); }}
              trying={streams.isFetching}
            />
          </div>
        )}
      </main>
      <footer className="footer">
        Times are local to this browser. The same numbers as JSON: <a href="/docs">API</a>
      </footer>
    </>
  );
}

/** What is asked for is decided by what is served: of anything else the API knows nothing. */
function Streams({ what, minutes }: { what: Served; minutes: number }): ReactElement {
  const { downloads, others, lead, waiting } = what;
  const leads = lead === DOWNLOADS;
  const alerts = <Alerts downloads={downloads} />;
  return (
    <>
      {downloads && leads && <Downloads minutes={minutes} lead />}
      {others.map((stream) => (
        <StreamSection key={stream.stream} stream={stream} minutes={minutes} beside={stream.stream === lead && alerts} />
      ))}
      {downloads && !leads && <Downloads minutes={minutes} lead={false} />}
      {!downloads && others.length === 0 && (
        <p className="panel panel-message page-message">
          {waiting.length === 0 ? "No stream is served." : `Nothing was read yet of ${waiting.join(", ")}.`}
        </p>
      )}
    </>
  );
}
