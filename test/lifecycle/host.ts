import { type Host, host } from "../pulumi/host";

/** Whether the lifecycle is reached through the plugin. */
export const isPlugin = host === "plugin";

/** All of a list. On the plugin, where each run needs a server of its own and many calls, one of it: another each turn. */
export function tried<T>(all: readonly T[], turn: number): readonly T[] {
  return isPlugin ? all.slice(turn % all.length).slice(0, 1) : all;
}

/** One number on each host. */
export function perHost(numbers: Record<Host, number>): number {
  return numbers[host];
}

/** The plugin names no property of a failure apart from the reason: the engine would print its name twice. */
export function failing(property: string): string {
  return isPlugin ? "" : property;
}
