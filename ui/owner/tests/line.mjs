// The line between the phone and the server, as slow as a check wants it: a phone's connection, not a machine's.

import { connect, createServer } from "node:net";

export class Line {
  /** Bytes a second towards the server; 0 for as fast as it goes. */
  rate = 0;

  constructor(target) {
    this.target = target;
  }

  async start() {
    this.server = createServer((near) => this.join(near));
    await new Promise((ready) => this.server.listen(0, "127.0.0.1", ready));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  join(near) {
    const far = connect(this.target());
    for (const [end, other] of [[near, far], [far, near]]) {
      end.on("error", () => other.destroy());
      end.on("close", () => other.destroy());
    }
    far.pipe(near);
    near.on("data", (part) => {
      far.write(part);
      if (this.rate === 0) return;
      near.pause();
      setTimeout(() => near.resume(), (part.length / this.rate) * 1000);
    });
    near.on("end", () => far.end());
  }

  stop() {
    this.server.close();
  }
}
