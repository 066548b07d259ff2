import type { UseQueryResult } from "@tanstack/react-query";
import { useId, type ReactElement, type ReactNode } from "react";

import type { Answer } from "../api/model";
import { clockSecond } from "../format/time";
import { Boundary } from "./Boundary";
import { Failure } from "./Failure";
import "./panel.css";

interface PanelProps<T extends Answer> {
  id: string;
  title: string;
  /** What the numbers cover. */
  scope?: string;
  query: UseQueryResult<T>;
  isEmpty: (answer: T) => boolean;
  /** Said instead of the content when there is nothing to show. */
  empty: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** Without a frame, for content that has its own. */
  bare?: boolean;
  children: (answer: T) => ReactNode;
}

type PanelState = "loading" | "error" | "empty" | "data";

/** One answer of the API: being loaded, refused, empty or shown. What was shown stays while it is asked for again. */
export function Panel<T extends Answer>(props: PanelProps<T>): ReactElement {
  const { id, title, scope, query, empty, aside, bare = false, children } = props;
  const heading = useId();
  const retry = () => { void query.refetch(); };
  const answer = query.data;
  const state = panelState(query, props.isEmpty);
  return (
    <section
      className={bare ? `panel-bare panel-at-${id}` : `panel panel-at-${id}`}
      aria-labelledby={heading}
      aria-busy={state === "loading" || query.isPlaceholderData}
      data-testid={`panel-${id}`}
      data-state={state}
      data-version={answer?.meta.data_version}
      data-as-of={answer?.meta.as_of}
    >
      <div className={bare ? "visually-hidden" : "panel-head"}>
        <h2 id={heading}>{title}</h2>
        {scope !== undefined && <span className="panel-scope">{scope}</span>}
        {aside}
      </div>
      <div className={query.isPlaceholderData ? "panel-body panel-old" : "panel-body"}>
        {state === "loading" && <p className="panel-message panel-loading">Loading…</p>}
        {state === "error" && (
          <Failure title={`${title} could not be loaded`} error={query.error} retry={retry} trying={query.isFetching} />
        )}
        {state === "empty" && <p className="panel-message">{empty}</p>}
        {state === "data" && answer !== undefined && (
          <Boundary retry={retry}>
            <Drawn answer={answer} draw={children} />
          </Boundary>
        )}
      </div>
      {answer !== undefined && query.isError && (
        <p className="panel-warning" role="status">
          Not updated since {clockSecond(query.dataUpdatedAt)}: {query.error.message}{" "}
          <button type="button" className="panel-retry" onClick={retry}>
            Try again
          </button>
        </p>
      )}
    </section>
  );
}

/** A component of its own, so that what `draw` throws is caught around it. */
function Drawn<T>({ answer, draw }: { answer: T; draw: (answer: T) => ReactNode }): ReactNode {
  return draw(answer);
}

function panelState<T extends Answer>(query: UseQueryResult<T>, isEmpty: (answer: T) => boolean): PanelState {
  if (query.data !== undefined) return isEmpty(query.data) ? "empty" : "data";
  return query.isError ? "error" : "loading";
}
