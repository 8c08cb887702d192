// Which controller of a MIDI device turns which parameter, as plain data that can be kept.
//
// A name without a station, `brightness`, is meant for all stations that have it; `acid/brightness` comes
// before it. A controller that is free is learnt for all stations, one that turns something else for this one.

/** The controller a message is about, and its travel; null for other messages. */
export function controlOf([status, number, value]) {
  const isControlChange = (status & 0xf0) === 0xb0 && number < 120;
  return isControlChange ? { control: `${(status & 0x0f) + 1}/${number}`, travel: value / 127 } : null;
}

/** The map with `control` turning `name` on `station`; what it turned there before, it turns no more. */
export function learn(map, station, name, control) {
  const own = `${station}/${name}`;
  const kept = Object.entries(map).filter(([key, other]) => key !== own && !(other === control && isOf(key, station)));
  const isFree = !Object.entries(map).some(([key, other]) => other === control && nameOf(key) !== name);
  return { ...Object.fromEntries(kept), [isFree ? name : own]: control };
}

/** The map in which nothing turns `name` on `station`. */
export function forget(map, station, name) {
  const { [name]: shared, [`${station}/${name}`]: own, ...rest } = map;
  return rest;
}

/** The controller of `name` on `station`, or undefined. */
export const controllerOf = (map, station, name) => map[`${station}/${name}`] ?? map[name];

/** The parameter among `names` that `control` turns on `station`, or undefined. */
export function targetOf(map, station, names, control) {
  return (
    names.find((name) => map[`${station}/${name}`] === control) ??
    names.find((name) => controllerOf(map, station, name) === control)
  );
}

/** "CC 21", and the channel where it is not the first. */
export function inWords(control) {
  const [channel, number] = control.split("/");
  return channel === "1" ? `CC ${number}` : `CC ${number}, ch ${channel}`;
}

const nameOf = (key) => key.split("/").at(-1);
const isOf = (key, station) => key.startsWith(`${station}/`);
