import type { ProblemBody } from "./model";

/** Why there is no answer, in words for the reader of the page. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly requestId: string | null;

  constructor(reason: string, requestId: string | null = null) {
    super(reason);
    this.requestId = requestId;
  }

  static async of(response: Response): Promise<Problem> {
    const body = await response.json().catch(() => null) as Partial<ProblemBody> | null;
    const reason = body?.detail ?? body?.title ?? response.statusText;
    return new Problem(`${response.status} ${reason}`.trim(), body?.request_id ?? null);
  }
}

/** The detail of a `problem` event; anything else is told without one. */
export function problemDetail(data: string): string {
  try {
    const body = JSON.parse(data) as Partial<ProblemBody> | null;
    return body?.detail ?? body?.title ?? "the API reports a problem";
  } catch {
    return "the API reports a problem";
  }
}
