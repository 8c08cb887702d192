// The present player behind the interface of the next one. It goes when that comes.

import { createPlayer as createElementPlayer } from "./player.js";

export function createPlayer(onChange) {
  const audio = new Audio();
  const player = createElementPlayer(audio, onChange);
  let analyser = null;
  const plug = () => {
    if (analyser) return;
    const context = new AudioContext();
    analyser = context.createAnalyser();
    context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
    context.resume();
  };
  return {
    play: (id) => player.play(id),
    pause: () => player.pause(),
    unlock() {
      plug();
      player.unlock();
    },
    get isWanted() {
      return player.isWanted;
    },
    get technique() {
      return player.isWanted ? "element" : null;
    },
    latency: () => 1.5,
    heard: () => null,
    get analyser() {
      return analyser;
    },
  };
}
