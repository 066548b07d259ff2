import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { dashboard } from "./fixture.mjs";
import { orders, ordersRows } from "./orders.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** As the API sends it. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
const COMMIT_MS = 400;

/**
 * The built page and the API's contract, with numbers that move. `push` changes what is pushed, `refused` says which
 * part is refused, `streams: false` refuses event streams, `script` is run by the page. `downloads` are read, or only
 * served ("unread"), or not even that ("absent").
 */
export class MockApi {
  #options;
  #server;
  #listeners = new Set();
  #version = 1;
  #timer;

  constructor({ push = (snapshot) => snapshot, refused = null, streams = true, script = null, downloads = "read" } = {}) {
    this.#options = { push, refused, streams, script, downloads };
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
    else if (url.pathname.startsWith("/api/streams/orders/")) this.#orders(url, response);
    else if (url.pathname === "/api/dashboard") this.#json(response, this.#snapshot());
    else if (url.pathname.startsWith("/api/stats/")) this.#stats(url, response);
    else this.#file(url.pathname, response);
  }

  #streams(response) {
    const now = Date.now();
    const { downloads } = this.#options;
    const { meta } = dashboard(downloads === "unread" ? 0 : this.#version, now);
    const served = { stream: "content-downloads", topic: "content-downloads", window_seconds: 60, grace_seconds: 30, steps: [], rollups: [], meta };
    const data = [...(downloads === "absent" ? [] : [served]), orders(this.#ordersVersion(), now)];
    this.#json(response, { data, count: data.length });
  }

  /** Versions of different streams have nothing to do with each other. */
  #ordersVersion() {
    return 1_000 + this.#version;
  }

  #orders({ pathname, searchParams }, response) {
    const rows = ordersRows(pathname.split("/").at(-1), searchParams, this.#ordersVersion(), Date.now());
    if (rows === null) return this.#problem(response, "there is no such rollup", 404);
    this.#json(response, rows);
  }

  #stats({ pathname, searchParams }, response) {
    if (this.#options.downloads === "absent") return this.#problem(response, "downloads are not served", 404);
    const part = pathname.slice("/api/stats/".length);
    if (part === this.#options.refused) return this.#problem(response, `${part} cannot be read`);
    const minutes = Number(searchParams.get("minutes") ?? 5);
    const { stats, meta, ...others } = dashboard(this.#version, Date.now(), part === "timeseries" ? 5 : minutes);
    this.#json(response, { ...(part === "realtime" ? stats : others[part]), meta });
  }

  #json(response, body) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  }

  #problem(response, detail, status = 503) {
    const title = status === 404 ? "Not Found" : "Service Unavailable";
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ type: "about:blank", title, status, detail, instance: "", request_id: "mock-1" }));
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
    const snapshot = this.#options.push(this.#snapshot());
    response.write(`id: ${this.#version}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
  }

  #snapshot() {
    const { alerts, meta, ...ofDownloads } = dashboard(this.#version, Date.now());
    return this.#options.downloads === "absent" ? { alerts, meta } : { ...ofDownloads, alerts, meta };
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
