/** Long enough not to match ordinary words, short enough to let no useful part of a secret through. */
const fragment = 8;

/** A run this long is not a word: it may be a key that we have never seen. */
const keyLike = /[A-Za-z0-9]{32,}/g;

/** Replaces every part of `secrets` of 8 characters or more: servers and proxies echo what they were sent. */
function redact(text: string, secrets: Iterable<string>): string {
  const hidden = new Set<number>();
  for (const secret of secrets) {
    const length = Math.min(fragment, secret.length);
    for (let start = 0; length > 0 && start + length <= secret.length; start++) {
      const part = secret.slice(start, start + length);
      for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
        for (let i = at; i < at + length; i++) hidden.add(i);
      }
    }
  }
  if (hidden.size === 0) return text;
  const shown = [...Array(text.length).keys()].map((i) => (hidden.has(i) ? "\0" : text.charAt(i))).join("");
  return shown.replace(/\0+/g, "[secret]");
}

/** Somebody else's text, made fit for one line of a terminal: no control characters, no secrets, at most 300 characters. */
export function quotable(text: string, secrets: Iterable<string>): string {
  // Invisible characters are removed first: between the characters of a secret they would hide it from the search.
  const visible = text
    .replace(/\p{Cf}+/gu, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  const line = redact(visible, secrets).replace(keyLike, "[secret]");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
