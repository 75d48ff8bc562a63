/** The one of `names` that was probably meant; undefined if none is close. */
export function didYouMean(text: string, names: readonly string[]): string | undefined {
  return closest(text, names)[0];
}

/** Those of `names` that may have been meant, closest first. */
export function closest(text: string, names: readonly string[]): string[] {
  // Loaded only here: every preview starts this process, and few previews contain a mistake.
  const { distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const wanted = plain(text);
  return names
    .map((name) => ({ name, far: distance(wanted, plain(name)) }))
    .filter(({ far }) => far <= Math.ceil(wanted.length / 3))
    .sort((one, other) => one.far - other.far)
    .map(({ name }) => name);
}

/** Ignores what is misspelt most: case, and separators between words. CometAPI's own documentation is in snake_case. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}
