import { isValid, parse, parseCIDR } from "ipaddr.js";
import type { HttpProxy } from "../api/connection";
import { isLoopback } from "../api/loopback";

/** In the order of precedence, each also in lower case, which wins as in curl. `HTTP_PROXY` was honoured from the first version on. */
const variables = ["HTTPS_PROXY", "HTTP_PROXY"].flatMap((name) => [name.toLowerCase(), name]);

/**
 * The proxy that requests to a base URL go through.
 *
 * @returns the proxy; undefined without one; or why its address cannot be used, without a word of its value
 */
export function readProxy(
  base: URL,
  environment: Record<string, string | undefined>,
): HttpProxy | undefined | string {
  const variable = variables.find((name) => environment[name]);
  // A proxy would get the token in the clear from what is meant to stay on this machine.
  if (variable === undefined || isLoopback(base)) return undefined;
  const noProxy = environment["no_proxy"] || environment["NO_PROXY"] || "";
  if (noProxy.split(/[,\s]+/).some((entry) => isExempt(base, entry.toLowerCase()))) return undefined;

  const value = environment[variable]?.trim() ?? "";
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return (
      `${variable} is not the address of an http or https proxy, such as http://proxy.example.com:3128. ` +
      "Correct it, or unset it to connect directly."
    );
  const credentials = [url.username, url.password].map(decode).join(":");
  return { variable, url: url.origin, credentials: credentials === ":" ? undefined : credentials };
}

/** Whether an entry of `NO_PROXY` covers a URL: `*`, a domain with its subdomains, an address or a range, each perhaps with a port. */
function isExempt(base: URL, entry: string): boolean {
  if (entry === "*") return true;
  const host = base.hostname.replace(/^\[|\]$/g, "");
  // An IPv6 address without brackets has no port.
  const [, bracketed, plain = entry, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = bracketed ?? plain;
  if (wanted === "" || (port !== undefined && port !== (base.port || "443"))) return false;
  if (isValid(host))
    return isValid(wanted) ? parse(wanted).toString() === parse(host).toString() : isInRange(host, wanted);
  const domain = wanted.replace(/^\*?\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}

function isInRange(host: string, range: string): boolean {
  const address = parse(host);
  try {
    const [network, bits] = parseCIDR(range);
    return network.kind() === address.kind() && address.match(network, bits);
  } catch {
    return false;
  }
}

/** A password may hold a `%` that encodes nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
