// A station's emblem: what a harmonograph draws, two pendulums that swing in the ratio of a musical interval
// until they are nearly at rest. The station's name decides which, and how they are coupled.
//
//     across       x = sin(a·t + p)                  y = sin(b·t + q)
//     concurrent   x = cos(a·t) + k·cos(b·t + q)     y = sin(a·t) + k·sin(b·t + q)
//     contrary     x = cos(a·t) + k·cos(b·t + q)     y = sin(a·t) - k·sin(b·t + q)
//
// all of it times e^(-d·t). A little out of tune, the figure turns as it dies away.
//
// Source: A. Ashton, Harmonograph.

import { chanceOf } from "./chance.js";

/** The path of the emblem of `name`, in a square from -50 to 50. */
export function emblemPath(name) {
  const chance = chanceOf(`${name}${DRAW}`);
  const pick = (list) => list[Math.floor(chance() * list.length)];
  const couple = pick(COUPLINGS);
  const [a, b] = pick(INTERVALS);
  const swing = {
    a,
    b: b + (0.004 + 0.01 * chance()) * pick([-1, 1]),
    k: pick([0.5, 0.75, 1, 1.5]),
    p: chance() * Math.PI,
    q: chance() * Math.PI,
  };
  const decay = 0.9 + 1.1 * chance();
  const seconds = (2 * Math.PI * TURNS) / Math.max(a, b);
  const points = [];
  for (let i = 0; i <= POINTS; i += 1) {
    const [x, y] = couple(swing, (seconds * i) / POINTS);
    const size = 49 * Math.exp((-decay * i) / POINTS);
    points.push([size * x, size * y]);
  }
  return smoothThrough(points);
}

/** A curve that bends at each point and passes between them: half the points of straight lines will do. */
function smoothThrough(points) {
  const words = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const bends = points.slice(1).map((point, i) => {
    const before = points[i];
    return `${words(before)} ${words([(before[0] + point[0]) / 2, (before[1] + point[1]) / 2])}`;
  });
  return `M${words(points[0])}Q${bends.join(" ")}`;
}

/** Fills `svg`, whose view box is -52 -52 104 104, with the emblem. */
export function drawEmblem(svg, name) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", emblemPath(name));
  path.setAttribute("pathLength", "1");
  svg.replaceChildren(path);
}

const across = ({ a, b, p, q }, t) => [Math.sin(a * t + p), Math.sin(b * t + q)];
const rotary = (way) => ({ a, b, k, q }, t) => [
  (Math.cos(a * t) + k * Math.cos(b * t + q)) / (1 + k),
  (Math.sin(a * t) + way * k * Math.sin(b * t + q)) / (1 + k),
];
const COUPLINGS = [across, rotary(1), rotary(-1), rotary(-1)];

/** Octave, fifth, fourth, sixths, thirds, twelfth and a seventh. */
const INTERVALS = [[1, 2], [2, 3], [3, 4], [3, 5], [5, 8], [4, 5], [5, 6], [1, 3], [4, 7]];
/** Which draw of chance it is: by eye, so that those we have look least alike. */
const DRAW = " ii";
/** Swings of the faster pendulum. */
const TURNS = 60;
const POINTS = 1200;
