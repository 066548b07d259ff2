/** An event stream whose events are made by hand. */
export class FakeStream extends EventTarget {
  readyState = 0;

  snapshot(data: unknown): void {
    this.#message("snapshot", JSON.stringify(data));
  }

  problem(detail: string): void {
    this.#message("problem", JSON.stringify({ detail }));
  }

  current(): void {
    this.#message("current", JSON.stringify({ id: "1-0-0" }));
  }

  text(data: string): void {
    this.#message("snapshot", data);
  }

  /** The connection is cut; a browser tries again by itself. */
  cut(): void {
    this.readyState = 0;
    this.dispatchEvent(new Event("error"));
  }

  /** The server refused; a browser gives up. */
  refuse(): void {
    this.readyState = 2;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = 2;
  }

  #message(name: string, data: string): void {
    this.readyState = 1;
    this.dispatchEvent(new MessageEvent(name, { data }));
  }
}
