// Someone at the page, and what they see and hear.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Debian's Chromium, without a window and as root. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)),
    args: ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    chromiumSandbox: false,
  });
}

export class Visitor {
  /** Opens `path` in a browser of their own; `without` are names that this browser does not know. */
  static async at(browser, server, path = "/", { without = [], ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]).catch(() => {});
    const page = await context.newPage();
    const visitor = new Visitor(server, context, page);
    await page.addInitScript(listenIn);
    await page.addInitScript((names) => names.forEach((name) => delete globalThis[name]), without);
    page.on("pageerror", (error) => visitor.complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && visitor.complaints.push(message.text()));
    page.on("request", (request) => visitor.requests.push(request.url()));
    await page.goto(server.url + path);
    await page.locator(".card").first().waitFor();
    return visitor;
  }

  constructor(server, context, page) {
    Object.assign(this, { server, context, page, complaints: [], requests: [] });
  }

  /** Leaves, for good. */
  leave() {
    return this.context.close();
  }

  /** Plays a new stream of a station by a click on its card. */
  async choose(title) {
    await this.page.locator(".card", { hasText: title }).click();
    await this.hears();
  }

  /** Waits until something is heard, and tells after how many ms. */
  async hears(timeout = 20_000) {
    const begun = Date.now();
    await this.page.waitForFunction(() => loudness() > 0.003, null, { timeout, polling: 20 });
    return Date.now() - begun;
  }

  /** Waits until it is silent. */
  async hearsNothing(timeout = 10_000) {
    await this.page.waitForFunction(() => loudness() < 0.0005, null, { timeout, polling: 20 });
  }

  /** A knob by its label, as assistive technology finds it. */
  knob(label) {
    return this.page.getByRole("slider", { name: label, exact: true });
  }

  /** Where a knob stands. */
  async valueOf(label) {
    return Number(await this.knob(label).inputValue());
  }

  /** Waits until a knob stands where `is` says. */
  async seesKnob(label, is, timeout = 10_000) {
    const until = Date.now() + timeout;
    while (!is(await this.valueOf(label))) {
      assert.ok(Date.now() < until, `${label} stands at ${await this.valueOf(label)}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** The id of the stream on the desk. */
  get id() {
    return new URL(this.page.url()).pathname.split("/").at(-1);
  }

  /** What is said in the status line, once it is what `pattern` says. */
  async reads(pattern, timeout = 10_000) {
    await this.page.getByRole("status").filter({ hasText: pattern }).first().waitFor({ timeout });
  }
}

/** In the page: gives `loudness()`, the RMS of what goes to the loudspeakers, whatever the page makes of it. */
function listenIn() {
  const analysers = new Map();
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const { context } = target;
      if (!analysers.has(context)) analysers.set(context, new AnalyserNode(context));
      connect.call(this, analysers.get(context));
    }
    return connect.call(this, target, ...rest);
  };
  globalThis.loudness = () => {
    const rms = [...analysers.values()].map((analyser) => {
      const wave = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(wave);
      return Math.hypot(...wave) / Math.sqrt(wave.length);
    });
    return Math.max(0, ...rms);
  };
}
