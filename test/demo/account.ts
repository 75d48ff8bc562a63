/** The editable fields of a key: an update that omits one resets it. */
const editable = [
  "id",
  "name",
  "expired_time",
  "remain_quota",
  "unlimited_quota",
  "model_limits_enabled",
  "model_limits",
  "allow_ips",
  "group",
  "cross_group_retry",
];

interface Answer {
  success?: boolean;
  message?: string;
  error?: { message?: string };
  data?: Record<string, unknown>;
  choices?: { message?: { content?: string } }[];
}

/** What the demo asks of CometAPI besides Pulumi: what the key's user does, and what a colleague does on the console. */
export class Account {
  constructor(
    readonly baseUrl: string,
    readonly token: string,
    readonly userId?: string,
  ) {}

  /** The first words of what the model answers. */
  async chat(key: string, model: string, signal: AbortSignal): Promise<string> {
    const { choices } = await this.ask("POST", "/v1/chat/completions", `Bearer ${key}`, signal, {
      model,
      messages: [{ role: "user", content: "Say hello in one word." }],
    });
    const words = (choices?.[0]?.message?.content ?? "").replace(/\s+/g, " ");
    return `the model says: ${words.length > 60 ? `${words.slice(0, 60)}…` : words}`;
  }

  async usage(key: string, signal: AbortSignal): Promise<string> {
    const { data = {} } = await this.ask("GET", "/api/usage/token/", `Bearer ${key}`, signal);
    return `used ${data["total_used"]}, left ${data["total_available"]}, of ${data["total_granted"]}`;
  }

  async disable(id: string, signal: AbortSignal): Promise<void> {
    const { data: key = {} } = await this.ask("GET", `/api/token/${id}`, this.token, signal);
    const fields = Object.fromEntries(editable.map((name) => [name, key[name]]));
    const disabled = { ...fields, status: 2 };
    const { data } = await this.ask("PUT", "/api/token/", this.token, signal, disabled);
    // A self-hosted New API takes a status only by itself.
    if (data?.["status"] !== 2)
      await this.ask("PUT", "/api/token/?status_only=true", this.token, signal, disabled);
  }

  private async ask(
    method: string,
    path: string,
    authorization: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<Answer> {
    const refused = (why: string) => new Error(`${method} ${path} failed: ${why}`);
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
      headers: {
        authorization,
        ...(this.userId && { "new-api-user": this.userId }),
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: Error & { cause?: Error }) => {
      signal.throwIfAborted();
      throw refused(error.cause?.message ?? error.message);
    });
    const answer = (await response.json().catch(() => ({}))) as Answer;
    if (!response.ok || answer.success === false)
      throw refused(answer.error?.message ?? answer.message ?? `HTTP status ${response.status}`);
    return answer;
  }
}
