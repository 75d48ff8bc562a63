/** What the engine has marked as secret in this run. None of it appears in what the plugin says. */
export class Secrecy {
  private readonly texts = new Set<string>();
  private readonly numbers = new Set<string>();

  readonly note = (value: string | number): void => {
    if (typeof value === "string" && value !== "") this.texts.add(value);
    // Short numbers are everywhere: without them messages could not be read, and they give little away.
    if (typeof value === "number" && Math.abs(value) >= 1000) this.numbers.add(String(value));
  };

  /** A message without secrets. */
  readonly hide = (message: string): string => {
    let hidden = message;
    // The longest first: one may be a part of another.
    for (const text of [...this.texts].sort((one, other) => other.length - one.length)) {
      hidden = hidden.replaceAll(JSON.stringify(text), '"[secret]"');
      // A word such as "a" is everywhere: it is a quoted value only in quotes.
      if (text.length > 3) hidden = withoutBeginning(hidden.replaceAll(text, "[secret]"), text);
    }
    for (const number of this.numbers)
      hidden = hidden.replace(new RegExp(`(?<![\\w.])${number}(?![\\w.]*\\w)`, "g"), "[secret]");
    return hidden;
  };
}

/** A message may quote what somebody else said, cut short within a secret. */
function withoutBeginning(message: string, text: string): string {
  if (!message.includes("…")) return message;
  for (let length = Math.min(text.length, message.length) - 1; length > 3; length--) {
    const cut = `${text.slice(0, length)}…`;
    if (message.includes(cut)) return message.replaceAll(cut, "[secret]…");
  }
  return message;
}
