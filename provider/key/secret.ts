/** The characters of a key. Masks are asterisks, dots, bullets or a run of one letter. */
const wellFormed = /^[\w.~+/=-]{8,}$/;
const maskLike = /\.{3}|(.)\1{5}/;

/** Whether `key` is the key itself and not a mask of it. */
export function isReadable(key: string): boolean {
  return wellFormed.test(key) && !maskLike.test(key);
}
