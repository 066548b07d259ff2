import type { Stream, StreamList } from "./model";

/** The stream behind `/api/stats`, which has panels of its own. */
export const DOWNLOADS = "content-downloads";

/** What the page is about, by what the API serves. */
export interface Served {
  /** Downloads have their panels only where they are served. */
  readonly downloads: boolean;
  /** The other streams that have been read. */
  readonly others: readonly Stream[];
  /** The stream that the page begins with; null where none is served. */
  readonly lead: string | null;
  /** Served and never read, beside the downloads. */
  readonly waiting: readonly string[];
}

const wasRead = ({ meta }: Stream) => meta.data_version > 0;

/** Downloads come first, but not with nothing of their own to show where others have something. */
export function served({ data }: StreamList): Served {
  const downloads = data.find(({ stream }) => stream === DOWNLOADS);
  const rest = data.filter(({ stream }) => stream !== DOWNLOADS);
  const others = rest.filter(wasRead);
  const begins = downloads !== undefined && (wasRead(downloads) || others.length === 0) ? downloads : (others[0] ?? rest[0]);
  return {
    downloads: downloads !== undefined,
    others,
    lead: begins?.stream ?? null,
    waiting: rest.filter((stream) => !wasRead(stream)).map(({ stream }) => stream),
  };
}
