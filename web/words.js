// States, techniques and problems in words.

/** What the player is doing, for the line that is read out. */
export function stateInWords(state, problem, seconds) {
  const words = {
    connecting: problem ? inWords(problem) : "Connecting.",
    playing: "Playing.",
    paused: "Paused. The music waits where you left it.",
    ready: "Ready. Press play.",
    lost: `${problem ? inWords(problem) : "The stream stopped."} ${seconds > 1 ? `Joining again in ${seconds} s.` : ""}`,
  };
  return words[state] ?? (problem ? inWords(problem) : "It does not play.");
}

/** A problem, and what can be done about it. */
export function inWords(problem) {
  const { status } = problem;
  if (status === 0) return navigator.onLine === false ? "You are offline." : problem.message;
  if (status === 404) return "There is no stream behind this link. Choose a station below for a new one.";
  if (status === 410) return `${problem.message} Choose a station below for a new stream.`;
  if (problem.isFull) return `The house is full. ${problem.message}`;
  return problem.message;
}

/** How the sound is played, and when a turned knob is heard. */
export function techniqueInWords(technique, latency) {
  const name = { webcodecs: "WebCodecs", mse: "Media Source", decode: "Web Audio", element: "Audio element" }[technique];
  if (!name) return "";
  return latency === null ? name : `${name} · knobs heard in ${latency.toFixed(latency < 1 ? 2 : 1)} s`;
}

/** Why knobs are heard late, where they are. */
export function whyLate(technique, isSecure) {
  if (technique !== "element" && technique !== "decode") return "";
  if (!isSecure) return "Over https, or on localhost, this page can use a quicker player.";
  return technique === "element" ? "This browser’s own player holds back a second or two of sound." : "";
}

export const listenersInWords = (count) => (count > 0 ? `${count} listening` : "");
