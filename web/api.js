// The server's calls, and its refusals as one kind of error.

/** What the server refused, or `status` 0 when it could not be reached; `retryAfter` in seconds. */
export class Problem extends Error {
  constructor(status, words, retryAfter = 0) {
    super(words);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** True where there is no room, which asking often does not make. */
  get isFull() {
    return this.message.startsWith("Full");
  }

  /** True when the same request may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const stations = async () => (await ask("/stations")).stations;
/** A stream of `station`, with another seed each time; `values` set its knobs to begin with. */
export const createStream = (station, values = {}) => ask("/create_stream", { ...values, station });
export const params = (id) => ask("/params", { id });
export const setParam = (id, values) => ask("/set_param", { id, ...values });

/** `options`: `bitrate` in kbit/s, `lead` in seconds. */
export const streamPath = (id, { bitrate, lead }) =>
  `/stream?id=${encodeURIComponent(id)}&bitrate=${bitrate}${lead ? `&lead=${lead}` : ""}`;
export const openStream = (id, options, signal) => request(streamPath(id, options), signal);
export const filePath = (id) => `/stream/${encodeURIComponent(id)}.mp3`;
export const eventsPath = (id) => `/events?id=${encodeURIComponent(id)}`;
/** The last `seconds` of a stream, as a file. */
export const recordingPath = (id, seconds) => `/recording?id=${encodeURIComponent(id)}&from=-${seconds}&to=-0`;
export const pagePath = (id) => `/listen/${encodeURIComponent(id)}`;

/** The problem that keeps a stream from playing, or null; the stream does not notice being asked. */
export const whyNot = (id) => params(id).then(() => null, (problem) => problem);

/** Whether a file is to be had, without taking it: throws the problem if it is not. */
export async function probe(path) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const head = await fetch(path, { method: "HEAD", signal }).catch(() => null);
  // The answer to a HEAD has no words.
  if (!head?.ok) await request(path, signal);
}

async function ask(path, query = {}) {
  const answer = await request(`${path}?${new URLSearchParams(query)}`, AbortSignal.timeout(TIMEOUT_MS));
  return answer.json().catch(() => {
    throw new Problem(0, "The server’s answer was cut short.");
  });
}

async function request(url, signal) {
  const headers = { Accept: "application/json, application/problem+json" };
  const answer = await fetch(url, { headers, signal }).catch(() => {
    throw new Problem(0, "The server cannot be reached.");
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer) {
  const { title, detail } = await answer.json().catch(() => ({}));
  const words = sentence(detail || title || `The server answered ${answer.status}`);
  return new Problem(answer.status, words, Number(answer.headers.get("Retry-After")) || 0);
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

const TIMEOUT_MS = 10_000;
