// What was heard last, to keep as a file.

import { probe, recordingPath } from "./api.js";

/**
 * The link `link`, hidden while there is nothing to keep. `onProblem(problem)` hears why the server has nothing.
 * Returns `show(id)` for another stream, and `reach(position)`, in seconds, for how far it is heard.
 */
export function createKeep(link, onProblem) {
  const [words] = link.children;

  // A link that leads to a refusal would save it as a file, or lead away from the music.
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const { href } = link;
    try {
      await probe(href);
      Object.assign(document.createElement("a"), { href, download: "" }).click();
    } catch (problem) {
      onProblem(problem);
    }
  });
  return {
    show(id) {
      link.href = recordingPath(id, MOST_S);
      link.hidden = true;
    },
    reach(position) {
      const text = ` ${inWords(position)}`;
      link.hidden = position < LEAST_S;
      if (words.textContent !== text) words.textContent = text;
    },
  };
}

/** What there is to keep of a stream that is heard up to `position`, in seconds. */
export function inWords(position) {
  const minutes = Math.floor(Math.min(position, MOST_S) / 60);
  if (minutes === 0) return "what was heard";
  return minutes === 1 ? "the last minute" : `the last ${minutes} minutes`;
}

const LEAST_S = 5;
const MOST_S = 600;
