/** The one of `names` that was probably meant, or nothing when none is near. */
export function meant(text: string, names: readonly string[]): string | undefined {
  const wanted = plain(text);
  // The likeliest mistake: CometAPI's own documentation spells its fields in snake_case.
  const sameLetters = names.find((name) => plain(name) === wanted);
  if (sameLetters !== undefined) return sameLetters;
  // Loaded only here: every preview starts this process, and few of them meet a mistake.
  const { distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const far = (name: string) => distance(wanted, plain(name));
  const [nearest] = [...names].sort((one, other) => far(one) - far(other));
  return nearest !== undefined && far(nearest) <= Math.ceil(wanted.length / 3) ? nearest : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}
