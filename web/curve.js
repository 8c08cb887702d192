// From a knob's travel (0 to 1) to a parameter's value and back, and the value in words.
// A linear knob moves in the decimals it shows; a logarithmic one shows three digits.

/** Places a knob may stand at, its two ends included, less one. */
export const stepCount = (spec) =>
  spec.curve === "log" ? 200 : Math.round((spec.max - spec.min) * 10 ** decimals(spec));

/** The value at `travel`, rounded to what is shown. */
export function valueAt(spec, travel) {
  const { min, max } = spec;
  const exact = spec.curve === "log" ? min * (max / min) ** travel : min + (max - min) * travel;
  return Math.min(max, Math.max(min, Number(digits(spec, exact))));
}

/** Where the knob stands for `value`. */
export function travelOf(spec, value) {
  const { min, max } = spec;
  return spec.curve === "log"
    ? Math.log(value / min) / Math.log(max / min)
    : (value - min) / (max - min);
}

/** The value with its unit, or a label as a word: `c_sharp` is "C sharp". */
export function inWords(spec, value) {
  if (spec.curve === "stepped") {
    const words = String(value).replaceAll("_", " ");
    return words[0].toUpperCase() + words.slice(1);
  }
  return spec.unit ? `${digits(spec, value)} ${spec.unit}` : digits(spec, value);
}

function digits(spec, value) {
  return spec.curve === "log" ? String(Number(value.toPrecision(3))) : value.toFixed(decimals(spec));
}

/** As few decimals as give a linear knob fifty places or more. */
const decimals = ({ min, max }) => Math.max(0, Math.ceil(Math.log10(50 / (max - min))));

/** The nearest place of a choice to `travel`. */
export const labelAt = (spec, travel) =>
  spec.labels[Math.min(spec.labels.length - 1, Math.floor(travel * spec.labels.length))];

/** True where no one can tell a knob at `value` from one at `place`. */
export const isAt = (spec, value, place) =>
  spec.curve === "stepped" ? value === place : Math.abs(value - place) < 1e-4 * (spec.max - spec.min);

/** A choice's default may come as its place among the labels. */
export const defaultOf = (spec) => spec.labels?.[spec.default] ?? spec.default;
