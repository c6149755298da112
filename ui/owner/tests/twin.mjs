// A stand-in for limpet-server that keeps everything in memory: enough of its contract (crates/wire/src/http.rs) to
// look at the owner app without building the server. Never shipped; the checks that count run on the real one.

import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256, uuid7 } from "./staff.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".webmanifest": "application/manifest+json",
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

class No extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}
const notFound = () => new No(404, "not_found", "There is no such thing here.");

export class Twin {
  port = 0;
  revision = 0;
  things = new Map();
  files = new Map();
  /** Which request may write to a file: a connection that hangs gives way to a newer one. */
  writers = new Map();
  sessions = new Map();
  invitations = new Map();
  listeners = new Set();
  practice = { id: uuid7(), name: "Harbour Veterinary Practice", address: "", phone: "555 0100", time_zone: "UTC" };
  vet = { id: uuid7(), name: "Dr. Okafor", role: "veterinarian", email: "vet@example.test", active: true };

  constructor() {
    this.put("practice", this.practice);
    this.put("staff_member", this.vet);
  }

  put(kind, state) {
    this.things.set(state.id, { revision: ++this.revision, entity: { kind, state } });
    for (const listener of this.listeners) listener.write(`data: ${this.revision}\n\n`);
  }

  get(kind, id) {
    const thing = this.things.get(id);
    if (thing?.entity.kind !== kind) throw notFound();
    return thing.entity.state;
  }

  async start() {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise((ready) => this.server.listen(this.port, "127.0.0.1", ready));
    this.port = this.server.address().port;
    return `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.listeners.clear();
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }

  async answer(request, response) {
    try {
      const url = new URL(request.url, "http://twin");
      const found = await this.route(request, response, url, url.pathname.split("/").slice(1));
      if (response.headersSent) return;
      if (found === undefined) response.writeHead(204).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    } catch (error) {
      if (response.headersSent) return response.destroy();
      const { status = 500, code = "internal", message } = error;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ code, message }));
    }
  }

  async route(request, response, url, [first, second, third, fourth]) {
    const { method } = request;
    if (first === "o" || first === "owner") return this.page(response, first === "o" ? "index.html" : url.pathname.slice(7));
    if (first !== "v1") throw notFound();
    if (second === "sign-in") return { token: "staff", practice: this.practice, staff: this.vet };
    if (second === "open-invitation") return this.open(await json(request), response);
    const who = this.who(request);
    if (second === "me") return { kind: "client", ...who.session };
    if (second === "changes") return this.changes(who, Number(url.searchParams.get("since")));
    if (second === "live") return this.live(request, response);
    if (second === "uploads") return this.upload(request, response, third);
    if (second === "attachments") return this.media(request, response, third, fourth);
    if (second === "clients" || second === "patients") return this.put(second.slice(0, -1), await json(request));
    if (second === "messages" && method === "PUT") return this.message(who, third, await json(request));
    if (second === "conversations") return this.conversation(who, method, third, fourth, request);
    throw notFound();
  }

  who(request) {
    if (request.headers.authorization === "Bearer staff") return { staff: this.vet };
    const token = /limpet_client=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const session = this.sessions.get(token);
    const meant = request.headers["limpet-client"] ?? session?.client;
    if (meant !== session?.client || !session) throw new No(401, "signed_out", "Open the link from the practice again.");
    const writes = !["GET", "HEAD"].includes(request.method);
    if (writes && request.headers["limpet-app"] !== "owner") throw new No(400, "invalid", "No.");
    return { session, client: session.client };
  }

  open({ invitation }, response) {
    const session = this.invitations.get(invitation);
    if (!session) throw new No(404, "not_found", "This link does not open any more. Ask the practice for a new one.");
    const token = uuid7();
    this.sessions.set(token, session);
    response.setHeader("set-cookie", `limpet_client=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=100000`);
    return session;
  }

  changes({ client }, since) {
    const own = (id) => this.things.get(id)?.entity.state.client === client;
    const visible = ({ entity: { kind, state } }) =>
      !client ||
      kind === "practice" ||
      kind === "staff_member" ||
      state.client === client ||
      state.id === client ||
      own(state.conversation);
    const changes = [...this.things.values()].filter((thing) => thing.revision > since && visible(thing));
    changes.sort((a, b) => a.revision - b.revision);
    return { revision: this.revision, changes, more: false };
  }

  live(request, response) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`data: ${this.revision}\n\n`);
    this.listeners.add(response);
    request.on("close", () => this.listeners.delete(response));
  }

  message(who, id, sent) {
    if (this.things.has(id)) return;
    const conversation = this.get("conversation", sent.conversation);
    const { attachments, ...rest } = sent;
    const author = who.staff ? { kind: "staff", id: who.staff.id } : { kind: "client", id: who.client };
    for (const one of attachments) {
      const state = { kind: "uploading", received: 0 };
      const facts = { sha256: null, clip: null, uploaded_at: null, link: null, has_poster: false, has_rendition: false };
      this.put("attachment", { ...one, conversation: sent.conversation, message: id, state, ...facts });
    }
    this.put("message", { ...rest, id, author, attachments: attachments.map((one) => one.id), received_at: Date.now() });
    if (who.client) this.put("conversation", { ...conversation, state: "open", ending: null });
  }

  async conversation(who, method, id, verb, request) {
    if (verb === "invitation") {
      const { client } = this.get("conversation", id);
      const token = uuid7();
      this.invitations.set(token, { practice: this.practice.name, client, conversation: id });
      return { link: `http://127.0.0.1:${this.port}/o/${token}`, expires_at: Date.now() + 1e9 };
    }
    const body = await json(request);
    if (verb === "read") {
      const field = who.staff ? "read_by_staff" : "read_by_client";
      return this.put("conversation", { ...this.get("conversation", id), [field]: body.at });
    }
    if (method === "PUT") {
      const fresh = { state: "open", urgent: false, assignee: null, waiting_since: null, read_by_staff: 0, read_by_client: 0 };
      return this.put("conversation", { id, ...body, ...fresh, ending: null });
    }
    const ending = { at: body.at, by: this.vet.id, summary: "", plan: "" };
    this.put("conversation", { ...this.get("conversation", id), state: body.state, ending });
  }

  async upload(request, response, id) {
    const tus = { "tus-resumable": "1.0.0" };
    if (request.method === "POST") {
      const made = Buffer.from(/attachment (\S+)/.exec(request.headers["upload-metadata"])[1], "base64").toString();
      const announced = this.get("attachment", made);
      if (!this.files.has(made)) this.files.set(made, Buffer.alloc(0));
      if (announced.state.kind === "refused" && announced.uploaded_at === null) {
        this.put("attachment", { ...announced, state: { kind: "uploading", received: 0 } });
      }
      return void response.writeHead(201, { ...tus, location: `/v1/uploads/${made}` }).end();
    }
    const attachment = this.get("attachment", id);
    const held = this.files.get(id);
    if (!held) throw notFound();
    this.writers.set(id, request);
    if (request.method === "HEAD") {
      const sizes = { "upload-offset": held.length, "upload-length": attachment.bytes };
      return void response.writeHead(200, { ...tus, ...sizes }).end();
    }
    if (request.method === "DELETE") {
      this.files.delete(id);
      return this.put("attachment", { ...attachment, state: { kind: "refused", reason: "The upload was cancelled." } });
    }
    if (Number(request.headers["upload-offset"]) !== held.length) throw new No(409, "conflict", "Ask again.");
    request.on("error", () => undefined);
    request.on("data", (part) => {
      if (this.writers.get(id) === request) this.files.set(id, Buffer.concat([this.files.get(id), part]));
    });
    await new Promise((done) => request.on("close", done));
    if (this.writers.get(id) !== request) throw new No(423, "conflict", "Another connection goes on with it.");
    const now = this.files.get(id);
    if (now.length === attachment.bytes) this.arrived(attachment, now);
    response.writeHead(204, { ...tus, "upload-offset": now.length }).end();
  }

  arrived(attachment, bytes) {
    const text = bytes.subarray(0, 5).toString() === "text ";
    const state = text ? { kind: "refused", reason: "This is not a clip. Film it again or choose another file." } : { kind: "ready" };
    const clip = attachment.kind === "clip" ? { duration: 4_000_000, missing: 0, width: 1080, height: 1920, frames: 120, audio: true } : null;
    const done = { state, clip, sha256: sha256(bytes), uploaded_at: Date.now(), has_poster: attachment.kind !== "document" };
    this.put("attachment", { ...attachment, ...done, has_rendition: attachment.kind === "clip" });
  }

  media(request, response, id, which) {
    const attachment = this.get("attachment", id);
    const poster = which === "poster" && attachment.kind === "clip";
    const bytes = poster ? readFileSync(join(dist, "icon-512.png")) : this.files.get(id);
    response.writeHead(200, { "content-type": poster ? "image/png" : attachment.mime, "cache-control": "no-store" }).end(bytes);
  }

  page(response, path) {
    const file = join(dist, normalize(path || "index.html"));
    if (!file.startsWith(dist) || !existsSync(file)) throw notFound();
    response
      .writeHead(200, {
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "content-security-policy": POLICY,
        "service-worker-allowed": "/",
        "cache-control": "no-cache",
      })
      .end(readFileSync(file));
  }
}

async function json(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || "null");
}
