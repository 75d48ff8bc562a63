import type { Host } from "../config/createClient";
import type { CheckRequest } from "./check";

/** What the lifecycle needs from whatever hosts it. */
export interface KeyHost extends Host {
  /**
   * Shows the person at the terminal a warning.
   *
   * @param urn of the resource that it is about, if any
   */
  warn(line: string, urn?: string): Promise<void>;
}

/** What a host asks to be checked. */
export interface KeyCheck extends Omit<CheckRequest, "now" | "accounts"> {
  /** Of the resource: known where a warning, or an adoption, needs to name it. */
  urn?: string | undefined;
}
