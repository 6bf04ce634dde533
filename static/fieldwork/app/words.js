// The words come translated with the page. `{name}` in them is replaced.
const words = JSON.parse(document.getElementById("words").textContent);

export function t(key, values = {}) {
  if (!(key in words)) throw new Error(`No words for “${key}”.`);
  const filled = words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  return filled.replace(/\.m\.\./g, ".m."); // a time of day ends a sentence
}

// The words of `key_one` for one, of `key_other` for any other number.
export const counted = (key, count, values = {}) => t(`${key}_${count === 1 ? "one" : "other"}`, { count, ...values });
