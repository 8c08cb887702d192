// The real server under the tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = process.env.PERPETUO ?? new URL("../../target/release/perpetuo", import.meta.url).pathname;

export class Server {
  /** Starts one on a free port, with `options` as on the command line. */
  static async start(...options) {
    const server = new Server();
    server.options = options;
    server.dir = await mkdtemp(join(tmpdir(), "perpetuo-page-"));
    await server.#run("127.0.0.1:0");
    return server;
  }

  /** Ends it as an operator does, and starts it again at the same address `afterMs` later. */
  async restart(afterMs) {
    await this.#end("SIGTERM");
    await new Promise((done) => setTimeout(done, afterMs));
    await this.#run(new URL(this.url).host);
  }

  async stop() {
    await this.#end("SIGKILL");
    await rm(this.dir, { recursive: true, force: true });
  }

  /** What a call answers, as JSON. */
  async ask(path) {
    const answer = await fetch(this.url + path, { headers: { Accept: "application/json" } });
    return answer.json();
  }

  /** A number of `/metrics`, of all labels together. */
  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(`perpetuo_${name}`));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  async #run(address) {
    const args = ["--listen", address, "--data-dir", this.dir, ...this.options];
    const env = { PATH: process.env.PATH, HOME: this.dir };
    this.process = spawn(PROGRAM, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface(this.process.stdout)) {
      this.url = line.match(/^Perpetuo plays at (http:.*)\/$/)?.[1];
      if (this.url) return;
    }
    throw new Error("the server did not start");
  }

  async #end(signal) {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
}
