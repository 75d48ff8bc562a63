import type { Backend, ModelRow, Pricing } from "./backend";
import type { Answer } from "./http";

/** What `settings.modelRows` does not say of a model. Prices are USD for a million tokens (V). */
const byPrefix: [string, ModelRow][] = [
  ["gpt", { provider: "OpenAI", context_length: 400_000, pricing: priced(1.25, 10) }],
  ["claude", { provider: "Anthropic", context_length: 200_000, pricing: priced(5, 25) }],
  ["gemini", { provider: "Google", context_length: 1_000_000, pricing: priced(2, 12) }],
];

/** `GET /api/models`: the public catalogue (D, V), or on N an object of ids that is not what is on offer. */
export function catalogue({ settings, personality }: Backend): Answer {
  if (personality.catalogue === "object") {
    const data = {
      1: ["gpt-3.5-turbo", "gpt-4o", "gpt-5"],
      14: ["claude-3-opus-20240229"],
      24: ["gemini-pro"],
    };
    return { status: 200, body: { success: true, message: "", data } };
  }
  const rows = settings.models.map((id) => ({
    id,
    object: "model",
    ...(byPrefix.some(([prefix]) => id.startsWith(prefix)) && {
      model_type: "text",
      features: ["text-to-text"],
      endpoints: ["chat"],
      ...byPrefix.find(([prefix]) => id.startsWith(prefix))?.[1],
    }),
    ...settings.modelRows[id],
  }));
  return { status: 200, body: { data: rows } };
}

function priced(input: number, output: number): Pricing {
  return { currency: "USD", input, output, per_request: null, per_second: null };
}
