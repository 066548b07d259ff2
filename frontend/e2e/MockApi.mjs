import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { dashboard } from "./fixture.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** As the API sends it. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
const COMMIT_MS = 400;

/**
 * The built page and the API's contract, with numbers that move. `push` changes what is pushed, `answers` says which
 * part is refused, `streams: false` refuses event streams, `script` is run by the page.
 */
export class MockApi {
  #options;
  #server;
  #listeners = new Set();
  #version = 1;
  #timer;

  constructor({ push = (snapshot) => snapshot, refused = null, streams = true, script = null } = {}) {
    this.#options = { push, refused, streams, script };
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  async start() {
    await new Promise((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.#timer = setInterval(() => {
      this.#version += 1;
      for (const listener of this.#listeners) this.#send(listener);
    }, COMMIT_MS);
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async stop() {
    clearInterval(this.#timer);
    const closed = new Promise((done) => this.#server.close(done));
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request, response) {
    const url = new URL(request.url, "http://localhost");
    response.setHeader("content-security-policy", POLICY);
    if (url.pathname === "/api/stream/events") this.#stream(response);
    else if (url.pathname === "/api/streams") this.#streams(response);
    else if (url.pathname.startsWith("/api/stats/")) this.#stats(url, response);
    else this.#file(url.pathname, response);
  }

  #streams(response) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data: [], count: 0 }));
  }

  #stats({ pathname, searchParams }, response) {
    const part = pathname.slice("/api/stats/".length);
    if (part === this.#options.refused) return this.#problem(response, `${part} cannot be read`);
    const minutes = Number(searchParams.get("minutes") ?? 5);
    const { stats, meta, ...others } = dashboard(this.#version, Date.now(), part === "timeseries" ? 5 : minutes);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...(part === "realtime" ? stats : others[part]), meta }));
  }

  #problem(response, detail) {
    const title = "Service Unavailable";
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ type: "about:blank", title, status: 503, detail, instance: "", request_id: "mock-1" }));
  }

  #stream(response) {
    if (!this.#options.streams) return this.#problem(response, "as many event streams are open as are allowed");
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write("retry: 1000\n\n");
    this.#listeners.add(response);
    response.on("close", () => this.#listeners.delete(response));
    this.#send(response);
  }

  #send(response) {
    const snapshot = this.#options.push(dashboard(this.#version, Date.now()));
    response.write(`id: ${this.#version}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
  }

  #file(path, response) {
    if (path === "/added.js") {
      response.setHeader("content-type", TYPES[".js"]);
      return response.end(this.#options.script ?? "");
    }
    const name = path === "/" ? "index.html" : path.slice(1);
    const file = join(DIST, name);
    if (!file.startsWith(DIST) || !existsSync(file)) return response.writeHead(404).end();
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    if (name === "index.html" && this.#options.script !== null) return this.#withScript(file, response);
    createReadStream(file).pipe(response);
  }

  async #withScript(file, response) {
    const chunks = await createReadStream(file, "utf8").toArray();
    response.end(chunks.join("").replace("</head>", '<script src="/added.js"></script></head>'));
  }
}
