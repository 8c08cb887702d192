// The stations as cards, each with its hue and its emblem.

import { drawEmblem } from "./emblem.js";

/** Fills `list` with a card a station; `onChoose(name)` hears which. Returns `mark(name)` for the one on. */
export function createCards(list, template, stations, onChoose) {
  const cards = stations.map((station, index) => createCard(template, station, index, onChoose));
  list.replaceChildren(...cards);
  return (name) =>
    cards.forEach((card, index) => {
      if (stations[index].name === name) card.firstElementChild.setAttribute("aria-current", "true");
      else card.firstElementChild.removeAttribute("aria-current");
    });
}

function createCard(template, station, index, onChoose) {
  const item = template.content.cloneNode(true).firstElementChild;
  const [button] = item.children;
  item.querySelector(".card-title").textContent = station.title;
  item.querySelector(".card-about").textContent = station.about;
  drawEmblem(item.querySelector("svg"), station.name);
  button.style.setProperty("--hue", hueOf(index));
  button.addEventListener("click", () => onChoose(station.name));
  return item;
}

/** The golden angle keeps neighbours apart however many there are. */
export const hueOf = (index) => (195 + 137.5 * index) % 360;
