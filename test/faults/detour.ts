import type * as Undici from "undici";

/** What leads a request elsewhere: the origin to send it to instead, or nothing to let it go its way. */
type Detour = (method: string, path: string) => string | undefined;

const detours = new Map<string, Detour>();

/** Leads requests meant for `origin` elsewhere, so that one of many can meet a host that is not there. */
export function divert(origin: string, detour: Detour): void {
  detours.set(origin, detour);
}

/** For `vi.mock("undici", ...)`: the real thing, through real sockets, but perhaps to another address. */
export function diverting(undici: typeof Undici): typeof Undici {
  const request: typeof Undici.request = (url, options) => {
    const { origin, pathname, search } = new URL(String(url));
    const elsewhere = detours.get(origin)?.(options?.method ?? "GET", pathname + search);
    return undici.request(elsewhere === undefined ? url : `${elsewhere}${pathname}${search}`, options);
  };
  return { ...undici, request };
}
