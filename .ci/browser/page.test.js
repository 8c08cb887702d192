import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { Server } from "./server.js";
import { Visitor, launch } from "./visitor.js";

let browser;
let server;

before(async () => {
  [browser, server] = [await launch(), await Server.start()];
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A test with one visitor, who has nothing to complain of. */
function visit(name, options, body) {
  test(name, { timeout: 90_000 }, async () => {
    const visitor = await Visitor.at(browser, server, "/", options);
    try {
      await body(visitor, visitor.page);
      assert.deepEqual(visitor.complaints, []);
    } finally {
      await visitor.leave();
    }
  });
}

/** Waits until `is` holds of what `ask` gives. */
async function until(ask, is, what, timeout = 10_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await ask();
    if (is(value)) return value;
    assert.ok(Date.now() < end, `${what}: ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

describe("playing", () => {
  visit("one click on a card plays a stream of one's own", {}, async (visitor, page) => {
    assert.equal(await page.locator(".card").count(), (await server.ask("/stations")).stations.length);
    const clicked = Date.now();
    await visitor.choose("Kalimba");
    console.log(`first sound ${Date.now() - clicked} ms after the click`);
    await visitor.reads("Playing");
    assert.match(page.url(), /\/listen\/[\w-]{40,}$/);
    assert.match(await page.title(), /Kalimba/);
    assert.match(await page.locator("#how").textContent(), /WebCodecs · knobs heard in 0\.\d+ s/);
    const state = await server.ask(`/params?id=${visitor.id}`);
    assert.deepEqual([state.station, state.playing, state.listeners], ["kalimba", true, 1]);
    const title = await page.evaluate(() => navigator.mediaSession.metadata.title);
    assert.match(title, /Kalimba/);
    assert.equal(await page.evaluate(() => navigator.mediaSession.playbackState), "playing");
    const elsewhere = visitor.requests.filter((url) => !url.replace(/^blob:/, "").startsWith(server.url));
    assert.deepEqual(elsewhere, []);
  });

  visit("it pauses, goes on, and another one is another", {}, async (visitor, page) => {
    await visitor.choose("Acid");
    const first = visitor.id;
    await page.getByRole("button", { name: "Pause" }).click();
    await visitor.hearsNothing();
    const stands = async () => (await server.ask(`/params?id=${first}`)).listeners;
    await until(stands, (listeners) => listeners === 0, "listeners");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await visitor.hears();
    await page.getByRole("button", { name: "Another one" }).click();
    await page.waitForURL((url) => !url.pathname.endsWith(first));
    await visitor.hears();
    const [one, other] = await Promise.all([first, visitor.id].map((id) => server.ask(`/params?id=${id}`)));
    assert.equal(one.station, other.station);
    assert.notEqual(one.seed, other.seed);
  });

  visit("no stream is left running when the tab goes", {}, async (visitor) => {
    await visitor.choose("Drift");
    assert.equal(await server.metric("streams_playing"), 1);
    await visitor.page.close();
    const left = async () =>
      (await Promise.all(["streams_playing", "listeners{", "followers"].map((name) => server.metric(name)))).join();
    await until(left, (numbers) => numbers === "0,0,0", "streams playing, listeners, followers");
  });

  for (const [technique, name, without] of [
    ["Media Source", "without WebCodecs", ["AudioDecoder"]],
    ["Web Audio", "without Media Source either", ["AudioDecoder", "MediaSource", "ManagedMediaSource"]],
    ["Audio element", "without worklets either", ["AudioDecoder", "MediaSource", "ManagedMediaSource", "AudioWorkletNode"]],
  ]) {
    visit(`${name} it plays by ${technique}, and a knob is heard`, { without }, async (visitor, page) => {
      await visitor.choose("Kalimba");
      await until(() => page.locator("#how").textContent(), (how) => how.startsWith(technique), "how it plays");
      await visitor.knob("Level").press("Home");
      await visitor.hearsNothing();
    });
  }
});

describe("knobs", () => {
  visit("a knob changes the sound", {}, async (visitor) => {
    await visitor.choose("Acid");
    await visitor.knob("Level").press("Home");
    await visitor.hearsNothing();
    await visitor.knob("Level").press("End");
    await visitor.hears();
  });

  visit("a knob turns by drag and wheel, and a double click and undo set it back", {}, async (visitor, page) => {
    await visitor.choose("Drift");
    const knob = visitor.knob("Brightness");
    const home = await visitor.valueOf("Brightness");
    const face = page.locator(".knob", { has: knob }).locator(".dial-face");
    const { x, y, width, height } = await face.boundingBox();
    const [cx, cy] = [x + width / 2, y + height / 2];
    await page.mouse.move(cx, cy);
    await page.mouse.down();
    await page.mouse.move(cx, cy - 30, { steps: 6 });
    await page.mouse.up();
    const dragged = await visitor.valueOf("Brightness");
    assert.ok(dragged > home, `${dragged} after ${home}`);
    const params = async () => (await server.ask(`/params?id=${visitor.id}`)).params.brightness;
    await until(params, (value) => Math.abs(value - dragged) < 0.011, "brightness");
    await page.mouse.wheel(0, -300);
    const wheeled = await visitor.valueOf("Brightness");
    assert.ok(wheeled > dragged, `${wheeled} after ${dragged}`);
    // What follows at once is one move with what came before.
    await page.waitForTimeout(1000);
    await page.mouse.dblclick(cx, cy);
    await visitor.seesKnob("Brightness", (value) => value === home);
    await page.getByRole("button", { name: "Undo" }).click();
    await visitor.seesKnob("Brightness", (value) => Math.abs(value - wheeled) < 0.02);
    await until(params, (value) => Math.abs(value - wheeled) < 0.02, "brightness");
  });

  visit("presets and chance turn many knobs at once, and undo takes them back together", {}, async (visitor, page) => {
    await visitor.choose("Kalimba");
    const params = async () => (await server.ask(`/params?id=${visitor.id}`)).params;
    const home = JSON.stringify(await params());
    await page.getByRole("group", { name: "Presets" }).getByRole("button").first().click();
    await until(params, (now) => JSON.stringify(now) !== home, "values");
    await page.getByRole("button", { name: "Undo" }).click();
    await until(params, (now) => JSON.stringify(now) === home, "values");
    await page.getByRole("button", { name: "Surprise me" }).click();
    await until(params, (now) => JSON.stringify(now) !== home, "values");
  });

  visit("the keyboard alone plays, turns and pauses", {}, async (visitor, page) => {
    const focused = (what) => page.evaluate((what) => document.activeElement?.matches(what), what);
    const tabTo = async (what) => {
      for (let n = 0; n < 60 && !(await focused(what)); n += 1) await page.keyboard.press("Tab");
      assert.ok(await focused(what), `Tab does not come to ${what}`);
    };
    await tabTo(".card");
    await page.keyboard.press("Enter");
    await visitor.hears();
    await tabTo("input[type=range]");
    const slider = page.locator("input[type=range]:focus");
    const value = async () => Number(await slider.inputValue());
    await page.keyboard.press("End");
    const [max, min] = await slider.evaluate((input) => [Number(input.max), Number(input.min)]);
    assert.equal(await value(), max);
    await page.keyboard.press("ArrowDown");
    const stepped = await value();
    assert.ok(stepped < max);
    await page.keyboard.press("PageDown");
    assert.ok((await value()) < stepped - 2 * (max - stepped));
    await page.keyboard.press("Home");
    assert.equal(await value(), min);
    assert.match(await slider.getAttribute("aria-valuetext"), /\d/);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("Space");
    await visitor.hearsNothing();
  });

  test("a MIDI controller learns a knob, and is remembered", { timeout: 60_000 }, async () => {
    const visitor = await Visitor.at(browser, server);
    const { page } = visitor;
    const plugIn = () => {
      const input = new EventTarget();
      Object.assign(input, { id: "1", name: "Box", state: "connected", type: "input" });
      const access = Object.assign(new EventTarget(), { inputs: new Map([["1", input]]), outputs: new Map() });
      navigator.requestMIDIAccess = async () => access;
      globalThis.controller = (number, value) => {
        const event = new Event("midimessage");
        event.data = new Uint8Array([0xb0, number, value]);
        input.dispatchEvent(event);
        input.onmidimessage?.(event);
      };
    };
    await page.addInitScript(plugIn);
    await page.evaluate(plugIn);
    await visitor.choose("Drift");
    await page.getByRole("button", { name: "MIDI" }).click();
    await visitor.knob("Brightness").focus();
    await until(
      async () => {
        await page.evaluate(() => controller(21, 64));
        await page.evaluate(() => controller(21, 127));
        return visitor.valueOf("Brightness");
      },
      (value) => value > 0.99,
      "brightness",
    );
    await page.reload();
    await visitor.choose("Drift");
    await until(
      async () => {
        await page.evaluate(() => controller(21, 0));
        return visitor.valueOf("Brightness");
      },
      (value) => value < 0.01,
      "brightness after a reload",
    );
    await visitor.leave();
  });
});

describe("together", () => {
  test("two with the knobs see each other’s moves, a listener sees and cannot turn", { timeout: 90_000 }, async () => {
    const owner = await Visitor.at(browser, server);
    await owner.choose("Dub");
    await owner.page.getByRole("button", { name: "Share" }).click();
    const link = (name) => owner.page.getByRole("textbox", { name }).inputValue();
    const [listenLink, turnLink] = [await link("Link to listen"), await link("Link with the knobs")];
    await owner.page.keyboard.press("Escape");

    const path = (address) => new URL(address).pathname;
    const friend = await Visitor.at(browser, server, path(turnLink));
    const listener = await Visitor.at(browser, server, path(listenLink));
    await owner.knob("Brightness").press("End");
    for (const who of [friend, listener]) await who.seesKnob("Brightness", (value) => value === 1);
    await friend.knob("Brightness").press("Home");
    for (const who of [owner, listener]) await who.seesKnob("Brightness", (value) => value === 0);

    assert.ok(await listener.knob("Brightness").isDisabled());
    assert.ok(!path(listenLink).includes(owner.id));
    const refused = await fetch(`${server.url}/set_param?id=${listener.id}&brightness=1`);
    assert.equal(refused.status, 403);
    await listener.page.getByRole("button", { name: "Play", exact: true }).click();
    await listener.hears();
    await until(() => owner.page.locator("#listeners").textContent(), (text) => text === "2 listening", "listeners");
    for (const who of [owner, friend, listener]) {
      assert.deepEqual(who.complaints, []);
      await who.leave();
    }
  });

  visit("the notes that are played are told, and the scene is shown", {}, async (visitor, page) => {
    const events = page.waitForRequest((request) => request.url().includes("/events?id="));
    await visitor.choose("Acid");
    await events;
    await until(() => page.locator("#scene").textContent(), (scene) => scene.length > 3, "scene");
  });
});

describe("what was heard is kept", () => {
  visit("a click on Keep, or k, downloads the last minutes under the name that the server gives", {}, async (visitor, page) => {
    await visitor.choose("Kalimba");
    const keep = page.getByRole("link", { name: "Keep what was heard" });
    assert.equal(await keep.isVisible(), false);
    await keep.waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), keep.click()]);
    assert.match(download.suggestedFilename(), /^perpetuo-kalimba-[\d-]+\.mp3$/);
    assert.equal(download.url(), `${server.url}/recording?id=${visitor.id}&from=-600&to=-0`);
    await Promise.all([page.waitForEvent("download"), page.keyboard.press("k")]);
    await visitor.hears();
  });

  test("a server that has nothing says so, and the music plays on", { timeout: 60_000 }, async () => {
    const visitor = await Visitor.at(browser, server);
    await visitor.choose("Kalimba");
    const detail = "nothing of this stream is kept";
    const body = JSON.stringify({ title: "Not Found", status: 404, detail });
    await visitor.page.route("**/recording?*", (route) => route.fulfill({ status: 404, body }));
    await visitor.page.getByRole("link", { name: "Keep what was heard" }).click();
    await visitor.reads("Nothing of this stream is kept.");
    await visitor.hears();
    await visitor.leave();
  });
});

describe("when something goes wrong", () => {
  test("the server is restarted under it, and the sound comes back by itself", { timeout: 90_000 }, async () => {
    const own = await Server.start();
    const visitor = await Visitor.at(browser, own);
    await visitor.choose("Kalimba");
    const { id } = visitor;
    const restarted = own.restart(1500);
    await visitor.hearsNothing();
    await restarted;
    console.log(`sound again ${await visitor.hears(2000)} ms after the server`);
    assert.equal(visitor.id, id);
    await visitor.reads("Playing");
    await visitor.leave();
    await own.stop();
  });

  test("a full house says when to come back, and lets in who waits", { timeout: 90_000 }, async () => {
    const own = await Server.start("--max-listeners", "2");
    const first = await Visitor.at(browser, own);
    await first.choose("Drift");
    await until(() => own.metric("followers"), (followers) => followers === 1, "followers");
    const second = await Visitor.at(browser, own);
    await second.page.locator(".card", { hasText: "Rain" }).click();
    await second.reads(/full/i);
    await second.page.getByText(/in \d+ s/).first().waitFor();
    await first.leave();
    console.log(`let in after ${await second.hears(40_000)} ms`);
    await second.leave();
    await own.stop();
  });

  test("an id that is not known is said in words, with stations to choose from", { timeout: 60_000 }, async () => {
    const visitor = await Visitor.at(browser, server, "/listen/unknown");
    await visitor.reads(/station/i);
    await visitor.choose("Drone");
    await visitor.leave();
  });
});

describe("for everyone", () => {
  /** Whether the picture is the same a second later. */
  const isStill = async (page) => {
    const draw = () => page.locator("#picture").evaluate((canvas) => canvas.toDataURL());
    const first = await draw();
    await page.waitForTimeout(1000);
    return first === (await draw());
  };

  visit("the picture moves", {}, async (visitor, page) => {
    await visitor.choose("Acid");
    await page.waitForTimeout(1000);
    assert.equal(await isStill(page), false);
  });

  visit("the picture stands still for who wants less motion", { reducedMotion: "reduce" }, async (visitor, page) => {
    await visitor.choose("Acid");
    await page.waitForTimeout(1000);
    const still = [await isStill(page), await isStill(page), await isStill(page)];
    assert.ok(still.filter(Boolean).length >= 2, "it may be drawn anew once in a while");
  });

  for (const [width, height] of [
    [320, 640],
    [390, 844],
    [1280, 800],
    [2560, 1440],
  ]) {
    const options = { viewport: { width, height }, hasTouch: width < 500, isMobile: width < 500 };
    visit(`nothing is cut off at ${width} × ${height}`, options, async (visitor, page) => {
      const overflow = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok((await overflow()) <= 0);
      await visitor.choose("Acid");
      assert.ok((await overflow()) <= 0);
      for (const knob of await page.getByRole("slider").all()) await knob.scrollIntoViewIfNeeded();
      const { x, width: wide } = await visitor.knob("Level").boundingBox();
      assert.ok(x >= 0 && x + wide <= width);
    });
  }

  for (const [name, options] of [
    ["in the light", { colorScheme: "light" }],
    ["in the dark", { colorScheme: "dark" }],
    ["on a phone", { colorScheme: "dark", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ]) {
    visit(`axe finds nothing to complain of ${name}`, options, async (visitor, page) => {
      await page.evaluate(axe.source);
      const judge = async (what) => {
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
        assert.deepEqual(found, [], what);
      };
      await judge("before anything plays");
      await visitor.choose("Kalimba");
      await judge("while it plays");
      for (const dialog of ["Share", "Help"]) {
        await page.getByRole("button", { name: dialog }).click();
        await judge(dialog);
        await page.keyboard.press("Escape");
      }
    });
  }
});
