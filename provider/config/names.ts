/**
 * What errors call the settings of one provider, and what a person does who gives them: in the stack's configuration, or
 * as arguments of a provider that the program creates.
 */
export interface SettingNames {
  /** @param path such as `accessToken`, or `accounts.billing.accessToken` */
  nameOf(path: string): string;
  /** How to give a secret setting; goes on after "then". */
  howToGive(path: string): string;
  /** The account of keys that name none. */
  defaultAccount: string;
  /** What to do about the id of a key that is not in the account where it was looked up. */
  adviceOnId: string;
}

/** In the configuration of the stack. */
export const configuredNames: SettingNames = {
  nameOf: (path) => `cometapi:${path}`,
  howToGive: (path) =>
    /^\w+$/.test(path)
      ? `run \`pulumi config set --secret ${configuredNames.nameOf(path)}\``
      : `run \`pulumi config set --secret --path ${shellQuoted(configuredNames.nameOf(path))}\``,
  defaultAccount: "the default account",
  adviceOnId: "Correct the id or the option account of CometApiKey.get, or remove that call",
};

/** The path of the settings of an account, or of one of them, as `pulumi config set --path` wants it. */
export function accountPath(account: string, name?: string): string {
  const path = `accounts${/^[\w-]+$/.test(account) ? `.${account}` : `[${JSON.stringify(account)}]`}`;
  return name === undefined ? path : `${path}.${name}`;
}

function shellQuoted(path: string): string {
  return /^[\w:.-]+$/.test(path) ? path : `'${path}'`;
}
