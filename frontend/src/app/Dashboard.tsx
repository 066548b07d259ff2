import type { ReactElement } from "react";

import { Alerts } from "../panels/alerts/Alerts";
import { DevicesTable } from "../panels/devices/DevicesTable";
import { RegionsTable } from "../panels/regions/RegionsTable";
import { OtherStreams } from "../panels/streams/OtherStreams";
import { Summary } from "../panels/summary/Summary";
import { Timeline } from "../panels/timeline/Timeline";
import { TrendingTable } from "../panels/trending/TrendingTable";
import { Header } from "./header/Header";
import { useMinutes } from "./window/minutes";
import "./theme.css";
import "./page.css";

export function Dashboard(): ReactElement {
  const minutes = useMinutes();
  return (
    <>
      <a className="skip" href="#content">
        Skip to the numbers
      </a>
      <Header />
      <main id="content" className="page" tabIndex={-1}>
        <Summary minutes={minutes} />
        <Timeline />
        <Alerts />
        <RegionsTable minutes={minutes} />
        <TrendingTable minutes={minutes} />
        <DevicesTable minutes={minutes} />
        <OtherStreams />
      </main>
      <footer className="footer">
        Times are local to this browser. The same numbers as JSON: <a href="/docs">API</a>
      </footer>
    </>
  );
}
