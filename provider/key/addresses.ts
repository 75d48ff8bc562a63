import { IPv4, IPv6 } from "ipaddr.js";

/** Why `text` is neither an address nor a CIDR range, undefined if it is one. */
export function refuseAddress(text: string): string | undefined {
  return canonical(text) === undefined
    ? `"${text}" is not an IPv4 address, an IPv6 address or a CIDR range`
    : undefined;
}

/** One spelling for each address or range: case, zeros and host bits do not matter. */
export function canonicalAddress(text: string): string {
  return canonical(text) ?? text;
}

function canonical(text: string): string | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  if (rest.length > 0) return undefined;
  // The library also reads octal, hexadecimal and shortened IPv4, which no server agrees on, and IPv6 zones.
  const kind = IPv4.isValidFourPartDecimal(address)
    ? IPv4
    : !address.includes("%") && IPv6.isValid(address)
      ? IPv6
      : undefined;
  if (kind === undefined) return undefined;
  const bits = kind === IPv4 ? 32 : 128;
  if (prefix !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits)) return undefined;
  if (prefix === undefined || Number(prefix) === bits) return kind.parse(address).toString();
  return `${kind.networkAddressFromCIDR(text)}/${prefix}`;
}
