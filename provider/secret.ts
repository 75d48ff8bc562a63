import { Impossible } from "./errors";

/** What a key is made of. Masks come as asterisks, dots, bullets or a run of one letter. */
const wellFormed = /^[\w.~+/=-]{8,}$/;
const maskLike = /\.{3}|(.)\1{5}/;

/** Whether this is the key itself and not a mask of it. */
export function isReadable(key: string): boolean {
  return wellFormed.test(key) && !maskLike.test(key);
}

/** @throws {Impossible} when the server shows only a mask of the key: handed on, it would fail far from here. */
export function expectReadable(key: string): void {
  if (isReadable(key)) return;
  throw new Impossible(
    "the server shows only a masked form of the key, so its secret cannot be known. Newer New API versions do this for " +
      "every key: use a server that returns keys in full, then run `pulumi up` again, or remove the resource",
  );
}
