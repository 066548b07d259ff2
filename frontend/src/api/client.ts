import type { paths } from "./schema.gen";
import { Problem } from "./problem";

/** Longer than the API gives itself, so that its own reason arrives first. */
const TIMEOUT_MS = 12_000;

export type StatsPath = Extract<keyof paths, `/api/stats/${string}`>;
export type Query<P extends StatsPath> = NonNullable<paths[P]["get"]["parameters"]["query"]>;
export type AnswerOf<P extends StatsPath> = paths[P]["get"]["responses"][200]["content"]["application/json"];

export function url<P extends StatsPath>(path: P, query: Query<P>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  return `${path}?${parameters.toString()}`;
}

/** Asks one endpoint of the dashboard's own stream; throws a Problem, or the abort of `signal`. */
export function ask<P extends StatsPath>(path: P, query: Query<P>, signal: AbortSignal): Promise<AnswerOf<P>> {
  return get(url(path, query), signal);
}

/** Asks for what stands at `address`; throws a Problem, or the abort of `signal`. */
export async function get<T>(address: string, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(address, {
      signal: AbortSignal.any([signal, limit]),
      headers: { accept: "application/json" },
    });
    if (!response.ok) throw await Problem.of(response);
    return (await response.json()) as T;
  } catch (failure) {
    if (failure instanceof Problem || signal.aborted) throw failure;
    if (limit.aborted) throw new Problem(`no answer within ${TIMEOUT_MS / 1000} seconds`);
    if (failure instanceof SyntaxError) throw new Problem("the answer is not JSON");
    throw new Problem("the server cannot be reached");
  }
}
