// A staff member of the practice, over the server's own interface: what the owner app's checks need of one.

import { createHash, randomBytes } from "node:crypto";

/** An id as devices make them. */
export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

export class Staff {
  constructor(url, token, id) {
    Object.assign(this, { url, token, id });
  }

  static async signIn(url, email, password) {
    const session = await new Staff(url, "", "").ask("POST", "/v1/sign-in", { email, password, device: "check" });
    return new Staff(url, session.token, session.staff.id);
  }

  async ask(method, path, body, headers = {}) {
    const json = body !== undefined && !Buffer.isBuffer(body);
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(json ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: json ? JSON.stringify(body) : body,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async bytes(path) {
    const response = await fetch(this.url + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }

  /** A client with one patient; answers the ids. */
  async client(name, patient, species = "Dog") {
    const client = uuid7();
    await this.ask("PUT", `/v1/clients/${client}`, { id: client, name, email: "", phone: "", address: "", pms_id: "" });
    return { client, patient: await this.patient(client, patient, species) };
  }

  async patient(client, name, species) {
    const id = uuid7();
    const rest = { breed: "", sex: "unknown", born: "", colour: "", weight_kg: null, alert: "", pms_id: "" };
    await this.ask("PUT", `/v1/patients/${id}`, { id, client, name, species, ...rest });
    return id;
  }

  async converse(client, patient, subject) {
    const id = uuid7();
    await this.ask("PUT", `/v1/conversations/${id}`, { client, patient, subject, opened_at: Date.now() });
    return id;
  }

  async invite(conversation) {
    const { link } = await this.ask("POST", `/v1/conversations/${conversation}/invitation`);
    return new URL(link).pathname;
  }

  /** Everything of a kind, as the feed has it now. */
  async all(kind) {
    const states = new Map();
    let since = 0;
    for (;;) {
      const page = await this.ask("GET", `/v1/changes?since=${since}&limit=500`);
      for (const { entity } of page.changes) {
        const gone = entity.kind === "tombstone";
        if (gone) states.delete(entity.state.id);
        else if (entity.kind === kind) states.set(entity.state.id, entity.state);
      }
      since = page.revision;
      if (!page.more) return [...states.values()];
    }
  }

  async messages(conversation) {
    return (await this.all("message")).filter((message) => message.conversation === conversation);
  }

  /** Answers in words and, if given, with a file. */
  async say(conversation, body, file = null) {
    const id = uuid7();
    const attachments = file ? [{ id: uuid7(), caption: "", captured_at: null, still_of: null, ...file.facts }] : [];
    if (file) attachments[0].bytes = file.bytes.length;
    const message = { conversation, audience: "everyone", body, sent_at: Date.now(), attachments };
    await this.ask("PUT", `/v1/messages/${id}`, message);
    if (file) await this.upload(attachments[0].id, file.bytes);
    return id;
  }

  async upload(id, bytes) {
    const tus = { "tus-resumable": "1.0.0" };
    await this.ask("POST", "/v1/uploads", undefined, {
      ...tus,
      "upload-length": String(bytes.length),
      "upload-metadata": `attachment ${Buffer.from(id).toString("base64")}`,
    });
    const chunk = { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
    await this.ask("PATCH", `/v1/uploads/${id}`, bytes, chunk);
  }
}
