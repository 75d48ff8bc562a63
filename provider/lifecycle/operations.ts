import type { Account, Operation } from "../api/account";
import type { CometApi } from "../api/client";
import { createClient, type Host } from "../config/createClient";
import type { KeyState } from "../key/types";
import { withUserErrors } from "./explain";

/** Where a key is. Ids of different servers say nothing about each other. */
export interface KeyLocation {
  server: string;
  id: string;
}

/** Runs each operation with the client of its account, and reports its foreseeable failures. */
export class Operations {
  private readonly accounts = new Map<string | undefined, Promise<Account>>();
  /** What must never be printed: shared, since the server of one account may repeat what that of another was sent. */
  private readonly secrets = new Set<string>();
  /** Base URL by account; empty if its settings are invalid. */
  private readonly servers = new Map<string | undefined, string>();
  /** By account, who owns the keys that the stack has in it, as far as this run has shown. */
  private readonly owners = new Map<string | undefined, Set<number>>();

  constructor(private readonly host: Host) {}

  /**
   * @param doing such as `reading key "backend"`
   * @param state names the account that the key was created in, whatever the configuration says about new keys
   * @param options what else is known about the operation
   */
  run<T>(
    doing: string,
    { account, key }: Pick<Partial<KeyState>, "account" | "key">,
    work: (api: CometApi) => Promise<T>,
    options: Omit<Operation, "key" | "owners"> = {},
  ): Promise<T> {
    const where = account === undefined ? "" : ` in account "${account}"`;
    return withUserErrors(`${doing}${where}`, this.host.config, account, async () => {
      const client = this.accounts.get(account) ?? createClient(this.host, account, this.secrets);
      this.accounts.set(account, client);
      return (await client).run(work, { ...options, key, owners: this.ownersIn(account) });
    });
  }

  /** Notes a key of the stack, as state has it: new ones must not end up in another account. */
  noteOwner({ account, userId }: Partial<KeyState>): void {
    if (userId !== undefined) this.ownersIn(account).add(userId);
  }

  private ownersIn(account: string | undefined): Set<number> {
    const owners = this.owners.get(account) ?? new Set();
    this.owners.set(account, owners);
    return owners;
  }

  locationOf(id: string, { account }: Pick<Partial<KeyState>, "account">): KeyLocation {
    const known = this.servers.get(account);
    const server = known ?? this.host.config.settingsOf(account, false).settings?.baseUrl ?? "";
    this.servers.set(account, server);
    return { server, id };
  }
}

export function keyLabel(id: string, { name }: Partial<KeyState>): string {
  return name === undefined ? `key ${id}` : `key "${name}" (id ${id})`;
}
