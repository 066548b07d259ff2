import type { ReactElement } from "react";

import type { Alert, AlertList } from "../../api/model";
import { useAlerts } from "../../api/queries/useAlerts";
import { count } from "../../format/number";
import { since } from "../../format/time";
import { metric, words } from "../../format/unit";
import { Badge, type Tone } from "../../ui/Badge";
import { Moment } from "../../ui/Moment";
import { Panel } from "../../ui/Panel";
import { raw } from "../../ui/raw";
import { useNow } from "../../ui/useNow";
import { Announcer } from "./Announcer";
import "./alerts.css";

const TONES: Partial<Record<string, Tone>> = { CRITICAL: "bad", WARNING: "warning" };

/** The alerts of all streams, whether there are downloads among them or not. */
export function Alerts({ downloads }: { downloads: boolean }): ReactElement | null {
  const query = useAlerts(downloads);
  if (!downloads && query.isError && query.data === undefined) return null;
  return (
    <>
      <Announcer alerts={query.data?.data} />
      <Panel
        id="alerts"
        title="Alerts"
        query={query}
        isEmpty={({ data }) => data.length === 0}
        empty="No open alerts."
        aside={query.data && <Open answer={query.data} />}
      >
        {({ data }) => (
          <ul className="alerts" tabIndex={0} aria-label="Open alerts, newest first">
            {data.map((alert) => (
              <AlertItem key={alert.id} alert={alert} />
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

function Open({ answer }: { answer: AlertList }): ReactElement {
  const { unacknowledged_count: open, count: shown } = answer;
  return (
    <span className="panel-scope">
      <span data-testid="alerts-open" data-value={open}>
        {count(open)}
      </span>{" "}
      open{open > shown && `, newest ${count(shown)} shown`}
    </span>
  );
}

function AlertItem({ alert }: { alert: Alert }): ReactElement {
  const now = useNow();
  const { metric_name: name, metric_value: value, threshold_value: threshold } = alert;
  return (
    <li className="alert" data-testid="alert-row" data-key={alert.id}>
      <div className="alert-head">
        <span data-testid="alert-severity" data-value={alert.severity}>
          <Badge tone={TONES[alert.severity] ?? "neutral"}>{alert.severity.toLowerCase()}</Badge>
        </span>
        <span className="alert-region" data-testid="alert-region" data-value={raw(alert.region)}>
          {alert.region}
        </span>
        <span className="alert-since" data-testid="alert-since" data-value={alert.created_at}>
          <Moment at={alert.created_at} text={since(Date.parse(alert.created_at), now)} />
        </span>
      </div>
      <p data-testid="alert-message" data-value={alert.message}>
        {alert.message}
      </p>
      <p className="alert-metric">
        {words(name)}{" "}
        <strong data-testid="alert-value" data-value={value}>
          {metric(name, value)}
        </strong>
        , threshold{" "}
        <span data-testid="alert-threshold" data-value={threshold}>
          {metric(name, threshold)}
        </span>
      </p>
    </li>
  );
}
