import type { ReactElement } from "react";

import { useLive } from "../../api/live/useLive";
import { useNewestAnswer } from "../../api/queries/useNewestAnswer";
import { NO_DATA } from "../../format/number";
import { clockSecond, moment } from "../../format/time";
import { Moment } from "../../ui/Moment";
import { useNow } from "../../ui/useNow";
import { WindowSelector, type Covered } from "../window/WindowSelector";
import { FreshnessBadge } from "./FreshnessBadge";
import { Notice } from "./Notice";
import { freshness } from "./freshness";
import "./header.css";

export function Header({ covered }: { covered: Covered }): ReactElement {
  const live = useLive();
  const newest = useNewestAnswer();
  const now = useNow();
  const fresh = freshness(live, newest, now);
  const complete = newest.meta?.complete_through ?? null;
  return (
    <header className="header" data-testid="header" data-mode={live.mode}>
      <div className="header-row">
        <h1 className="header-name">
          <img src="/favicon.svg" alt="" width="26" height="26" />
          StreamPulse
        </h1>
        <FreshnessBadge freshness={fresh} />
        <dl className="header-facts">
          <div>
            <dt>Complete through</dt>
            <dd data-testid="complete-through" data-value={String(complete)}>
              {complete === null ? NO_DATA : <Moment at={complete} text={moment(Date.parse(complete), now)} />}
            </dd>
          </div>
          <div>
            <dt>Last update</dt>
            <dd data-testid="last-update">
              {newest.receivedAt === null ? NO_DATA : clockSecond(newest.receivedAt)}
            </dd>
          </div>
        </dl>
        <WindowSelector covered={covered} />
      </div>
      <Notice live={live} freshness={fresh} />
    </header>
  );
}
