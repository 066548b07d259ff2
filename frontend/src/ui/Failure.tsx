import type { ReactElement } from "react";

import { Problem } from "../api/problem";
import "./failure.css";

interface FailureProps {
  title: string;
  error: unknown;
  retry: () => void;
  /** An attempt is under way. */
  trying?: boolean;
}

/** What failed, why, and a way to try again. */
export function Failure({ title, error, retry, trying = false }: FailureProps): ReactElement {
  const requestId = error instanceof Problem ? error.requestId : null;
  return (
    <div className="failure" role="alert">
      <p className="failure-title">{title}</p>
      <p className="failure-reason">{error instanceof Error ? error.message : String(error)}</p>
      {requestId !== null && <p className="failure-request">Request {requestId}</p>}
      <button type="button" className="button" onClick={retry} disabled={trying}>
        {trying ? "Trying…" : "Try again"}
      </button>
    </div>
  );
}
