/** The characters of a key. Masks are asterisks, dots, bullets or a run of one letter. */
const wellFormed = /^[\w.~+/=-]{8,}$/;
const maskLike = /\.{3}|(.)\1{5}/;
const hidden = /[^\w-]+|([\w-])\1{5,}/g;
const prefix = "sk-";

/** Whether `key` is the key itself and not a mask of it. */
export function isReadable(key: string): boolean {
  return wellFormed.test(key) && !maskLike.test(key);
}

/**
 * Whether a mask may be one of this secret: what it shows at its ends stands there in the secret too. Servers show and
 * store keys with `sk-` in front or without it.
 */
export function maskFits(mask: string, secret: string): boolean {
  const parts = [...mask.matchAll(hidden)];
  const [first, last] = [parts.at(0), parts.at(-1)];
  const bare = withoutPrefix(secret);
  return [bare, prefix + bare].some((whole) => {
    if (first === undefined || last === undefined) return whole.startsWith(mask) || whole.endsWith(mask);
    const head = mask.slice(0, first.index);
    const tail = mask.slice(last.index + last[0].length);
    return head.length + tail.length <= whole.length && whole.startsWith(head) && whole.endsWith(tail);
  });
}

/** Whether both are the same secret, with `sk-` in front or without it. */
export function sameSecret(one: string, other: string): boolean {
  return withoutPrefix(one) === withoutPrefix(other);
}

function withoutPrefix(secret: string): string {
  return secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
}
