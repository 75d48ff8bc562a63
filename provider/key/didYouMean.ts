/** The one of `names` that was probably meant, or nothing when none is near. */
export function didYouMean(text: string, names: readonly string[]): string | undefined {
  return closest(text, names)[0];
}

/** All of `names` that may have been meant, nearest first. */
export function closest(text: string, names: readonly string[]): string[] {
  // Loaded only here: every preview starts this process, and few of them meet a mistake.
  const { distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const wanted = plain(text);
  return names
    .map((name) => ({ name, far: distance(wanted, plain(name)) }))
    .filter(({ far }) => far <= Math.ceil(wanted.length / 3))
    .sort((one, other) => one.far - other.far)
    .map(({ name }) => name);
}

/** Without what is got wrong most: case, and signs between words. CometAPI's own documentation is in snake_case. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}
