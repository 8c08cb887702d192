// Layer III frames out of bytes as they come, and what is known of them. Source: ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3.

/** Cuts a body into whole frames; what is no frame is passed over. */
export class Framer {
  #rest = new Uint8Array(0);

  /** Takes the next bytes and gives the frames that are whole by now, each an array of its own. */
  push(bytes) {
    const all = joined([this.#rest, bytes]);
    const frames = [];
    let at = 0;
    while (at + HEADER_LEN <= all.length) {
      const length = frameLength(all, at);
      if (length === 0) {
        at += 1;
        continue;
      }
      if (at + length > all.length) break;
      frames.push(all.slice(at, at + length));
      at += length;
    }
    this.#rest = all.slice(at);
    return frames;
  }
}

/** One array of the bytes, or the samples, of several. */
export function joined(parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new parts[0].constructor(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The length in bytes of the MPEG-1 Layer III frame whose header is at `at`, or 0 if none is. */
function frameLength(bytes, at) {
  const isLayer3 = bytes[at] === 0xff && (bytes[at + 1] & 0xfe) === 0xfa;
  if (!isLayer3) return 0;
  const kbps = BITRATES_KBPS[bytes[at + 2] >> 4];
  const hz = SAMPLE_RATES_HZ[(bytes[at + 2] >> 2) & 3];
  const padding = (bytes[at + 2] >> 1) & 1;
  return kbps && hz ? Math.floor((144_000 * kbps) / hz) + padding : 0;
}

export const SAMPLE_RATE_HZ = 44_100;
/** Samples of a frame. */
export const FRAME_LEN = 1152;
/** Samples by which decoded audio lags what was encoded: 720 of the encoder, 529 of the decoder. */
export const CODEC_DELAY = 1249;
const HEADER_LEN = 4;
const BITRATES_KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const SAMPLE_RATES_HZ = [44_100, 48_000, 32_000, 0];
