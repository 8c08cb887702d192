#!/usr/bin/env node
// Calls a Perpetuo server, and as a program of Node (18 or newer) plays a stream and turns its knobs.
//
//   node client.mjs [--server URL] [--station NAME] [--output FILE] ...      (--help tells more)
//
// In a page, `import { connect } from "./client.mjs"`: what is exported needs `fetch` and nothing else.

/** What the server refused, in its words; `status` is 0 where it could not be reached. */
export class Problem extends Error {
  constructor(words, status = 0, retryAfter = 0) {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** True when the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The calls of one server. Who leaves the loop over what is yielded hangs up. */
export function connect(server = "http://localhost:8000") {
  const call = async (path, query) => {
    const answer = await request(server, path, query, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.json();
  };
  return {
    stations: async () => (await call("/stations")).stations,
    createStream: (asked) => call("/create_stream", asked),
    params: (id) => call("/params", { id }),
    setParam: (id, values) => call("/set_param", { ...values, id }),
    /** Yields a stream's bytes; `onStart` hears which second of the stream they begin with. */
    async *audio(id, { onStart = () => {}, ...options } = {}) {
      const answer = await request(server, "/stream", { ...options, id });
      onStart(Number(answer.headers.get("Perpetuo-Position") ?? NaN));
      yield* chunks(answer.body);
    },
    /** Yields `{ id, event, data }`, ahead of what is heard; goes on after the event `lastId`. */
    async *events(id, lastId) {
      const headers = lastId ? { "Last-Event-ID": lastId } : {};
      const answer = await request(server, "/events", { id }, { headers });
      yield* parseEvents(answer.body);
    },
  };
}

/**
 * Yields all that `begin()` yields, begun again when it ends or fails for a reason that passes; a call is
 * made until it is answered. `say` hears why and when.
 */
export async function* persistent(begin, say = () => {}) {
  for (let attempt = 0; ; attempt += 1) {
    let problem = new Problem("the connection has ended");
    try {
      for await (const item of begin()) {
        attempt = 0;
        yield item;
      }
    } catch (error) {
      if (error.isPassing === false) throw error;
      problem = error;
    }
    const seconds = Math.max(problem.retryAfter ?? 0, WAITS_S[Math.min(attempt, WAITS_S.length - 1)]);
    say(`${problem.message}; again in ${seconds} s`);
    await sleep(seconds);
  }
}

/** The answer of `call()`, made until it is answered or refused for good. */
export async function insist(call, say) {
  const { value } = await persistent(async function* () { yield await call(); }, say).next();
  return value;
}

async function request(server, path, query = {}, { headers, signal } = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  const url = `${server}${path}?${new URLSearchParams(asked)}`;
  const accept = { Accept: "application/json", ...headers };
  const answer = await fetch(url, { headers: accept, signal }).catch((error) => {
    throw new Problem(`${server} cannot be reached: ${error.cause?.message || error.message}`);
  });
  if (answer.ok) return answer;
  const { detail } = await answer.json().catch(() => ({}));
  const words = detail ?? `the server answered ${answer.status} ${answer.statusText}`;
  throw new Problem(words, answer.status, Number(answer.headers.get("Retry-After")) || 0);
}

async function* chunks(body) {
  const reader = body.getReader();
  try {
    for (let next = await read(reader); !next.done; next = await read(reader)) yield next.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The next bytes; a connection that brings none for long is dead, and ends. */
async function read(reader) {
  const timer = setTimeout(() => reader.cancel(), TIMEOUT_MS);
  try {
    return await reader.read();
  } finally {
    clearTimeout(timer);
  }
}

async function* parseEvents(body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of chunks(body)) {
    const blocks = (text + decoder.decode(bytes, { stream: true })).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s)));
      if (fields.data) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const TIMEOUT_MS = 20_000; // when nothing happens, /events says so every 15 s
const WAITS_S = [1, 2, 4, 8, 15];

// From here on, the program.

const HELP = `Plays a stream of a Perpetuo server and turns its knobs while it plays.

Lines on standard input turn knobs: "brightness 0.9", or several, with a ramp in seconds:
"brightness 0.2 space 1 ramp 30". "?" shows how the stream stands, "quit" ends.

  --server URL      default: http://localhost:8000
  --stations        list the stations and their knobs, and end
  --id ID           play this stream instead of a new one
  --station NAME, --seed N, --preset NAME       of a new stream
  --bitrate KBPS, --lead SECONDS                of what is sent
  --player COMMAND  a command that plays MP3 from its standard input
  --output FILE     write to a file instead of playing
  --seconds N       end after so long
  --events          print what happens when it is heard`;

/** What is farther ahead than any lead is of a stream that has begun anew meanwhile. */
const FARTHEST_S = 15;
/** What players take to begin; half of it to twice, by player. */
const PLAYER_S = 0.2;
const PLAYERS = ["mpv --no-terminal -", "ffplay -nodisp -loglevel error -autoexit -i -", "mpg123 -q -"];

const complain = (words) => console.error(words);
const end = () => process.exit();
const fail = (words) => {
  complain(words);
  process.exit(1);
};
const show = (answer) => console.log(JSON.stringify(answer));

async function main() {
  const { parseArgs } = await import("node:util");
  const text = ["server", "id", "station", "seed", "preset", "bitrate", "lead", "player", "output", "seconds"];
  const flags = ["help", "stations", "events"];
  const options = Object.fromEntries([
    ...text.map((name) => [name, { type: "string" }]),
    ...flags.map((name) => [name, { type: "boolean" }]),
  ]);
  const { values } = parseArgs({ options });
  if (values.help) return console.log(HELP);
  const server = (values.server ?? "http://localhost:8000").replace(/\/$/, "");
  const calls = connect(server);
  if (values.stations) return showStations(await calls.stations());

  const { station, seed, preset, bitrate, lead } = values;
  const id = values.id ?? (await insist(() => calls.createStream({ station, seed, preset }), complain)).id;
  console.log(`${server}/listen/${id}`);
  process.on("SIGINT", end).on("SIGTERM", end);
  if (values.seconds) setTimeout(end, 1000 * values.seconds);
  turnKnobs(calls, id);
  let zero; // the moment at which the stream's first second was, or would have been, heard
  const onStart = (position) => {
    zero = performance.now() / 1000 + PLAYER_S - position;
  };
  const heard = async (position) => {
    const seconds = zero + position - performance.now() / 1000;
    if (seconds > 0 && seconds < FARTHEST_S) await sleep(seconds);
  };
  if (values.events) showEvents(calls, id, heard).catch((problem) => complain(`events: ${problem.message}`));
  const sink = await openSink(values);
  const audio = () => calls.audio(id, { bitrate, lead, onStart });
  for await (const bytes of persistent(audio, complain)) {
    if (!sink.write(bytes)) await new Promise((drained) => sink.once("drain", drained));
  }
}

function showStations(stations) {
  for (const { name, about, params } of stations) {
    const knobs = params.map((param) => param.id).join(", ");
    console.log(`${name.padEnd(10)} ${about}\n${"".padEnd(10)} ${knobs}`);
  }
}

async function turnKnobs(calls, id) {
  const { createInterface } = await import("node:readline");
  for await (const line of createInterface({ input: process.stdin })) {
    const words = line.replaceAll("=", " ").trim().split(/\s+/);
    const values = {};
    for (let i = 0; i + 1 < words.length; i += 2) values[words[i]] = words[i + 1];
    try {
      if (words[0] === "quit") end();
      else if (words[0] === "?") show(await calls.params(id));
      else if (words.length % 2) complain("a line is names and values, such as: brightness 0.9 ramp 10");
      else show(await insist(() => calls.setParam(id, values), complain));
    } catch (problem) {
      complain(problem.message);
    }
  }
}

async function showEvents(calls, id, heard) {
  let lastId;
  for await (const event of persistent(() => calls.events(id, lastId), complain)) {
    lastId = event.id;
    const { position, ...data } = event.data;
    await heard(position);
    console.log(position.toFixed(2).padStart(9), event.event, JSON.stringify(data));
  }
}

/** Where the audio goes: a file, or a player's standard input. */
async function openSink({ output, player }) {
  if (output) return (await import("node:fs")).createWriteStream(output);
  const { spawn, spawnSync } = await import("node:child_process");
  const isThere = (line) => !spawnSync(line.split(" ")[0], ["--help"]).error;
  const command = player ?? PLAYERS.find(isThere);
  if (!command) throw new Problem("there is no mpv, ffplay or mpg123; install one, or use --output", 404);
  const [program, ...words] = command.split(" ");
  const child = spawn(program, words, { stdio: ["pipe", "inherit", "inherit"] });
  process.on("exit", () => child.kill());
  child.on("error", () => fail(`${program} cannot be started`));
  child.on("exit", () => fail("the player has ended"));
  child.stdin.on("error", () => {}); // its exit tells it
  return child.stdin;
}

if (globalThis.process?.argv?.[1]) {
  const { pathToFileURL } = await import("node:url");
  const { realpathSync } = await import("node:fs");
  if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
    main().then(end, (problem) => fail(problem.message));
  }
}
