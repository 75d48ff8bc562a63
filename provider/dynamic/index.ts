import type { dynamic } from "@pulumi/pulumi";
import { systemClock } from "../api/clock";
import { readConfig } from "../config/config";
import { ResourceInitFailedError, unfinishedReason } from "../errors";
import type { KeyInputs, KeyState } from "../key/types";
import { OperationError } from "../lifecycle/explain";
import { KeyLifecycle } from "../lifecycle/lifecycle";
import { report, warn } from "./warn";

/**
 * The dynamic provider: hands what Pulumi's dynamic host gives to the lifecycle, and back. Old state files delete
 * their resources through `require("pulumi-cometapi/provider")`: the functions this module exports stay, and so does
 * that path, which package.json's `exports` leads here. `test/upgrade/` holds what released versions have left.
 */

let lifecycle: KeyLifecycle | undefined;

/** Synchronous to the end: the host sends other calls on without waiting for it. */
export function configure({ config }: dynamic.ConfigureRequest): Promise<void> {
  lifecycle = new KeyLifecycle({
    config: readConfig({ config: (key) => config.get(key), environment: process.env }),
    clock: systemClock,
    info: (line) => console.log(line),
    warn,
  });
  return Promise.resolve();
}

/** What the host adds to every bag of properties. */
interface Hosted {
  __provider?: string;
}

export function check(olds: Partial<KeyInputs>, news: Record<string, unknown>): Promise<dynamic.CheckResult> {
  const { __logicalName: logicalName, __urn: urn } = news;
  return hosted(async () => {
    const { inputs, failures } = await keys().check({
      declared: news,
      old: olds,
      logicalName: typeof logicalName === "string" ? logicalName : "key",
      urn: typeof urn === "string" ? urn : undefined,
    });
    // Told of the property, the engine prints its name a second time, and its value in the way of Go: `{<nil>}`.
    return { inputs, failures: failures.map(({ reason }) => ({ property: "", reason })) };
  });
}

export function diff(id: string, olds: KeyState, news: KeyInputs): Promise<dynamic.DiffResult> {
  return hosted(async () => {
    const { changed, moved, properties } = keys().diff(id, olds, news);
    if (moved) return { changes: true, replaces: ["account"] };
    // The host passes on no list of properties. Saying nothing has the engine find them in the inputs, which
    // is what makes `replaceOnChanges` work. But then it also shows what a refresh remembers of the expiry.
    const silent = properties.length > 0 && olds.__expiredTime === news.__expiredTime;
    return silent ? {} : { changes: changed };
  });
}

export function create(inputs: KeyInputs & Hosted): Promise<dynamic.CreateResult> {
  return hosted(async () => {
    const { id, state } = await keys().create(inputs);
    return { id, outs: state };
  }, inputs);
}

export function read(id: string, props: Partial<KeyState>): Promise<dynamic.ReadResult> {
  return hosted(async () => {
    const live = await keys().read(id, props);
    // No id is how the host is told that the key is gone.
    return live === undefined ? { id: "", props: {} } : { id, props: live.state, inputs: live.inputs };
  });
}

export function update(id: string, olds: KeyState, news: KeyInputs & Hosted): Promise<dynamic.UpdateResult> {
  return hosted(async () => ({ outs: await keys().update(id, olds, news) }), news);
}

// Named apart because `delete` is a word of the language.
function remove(id: string, props: Partial<KeyState>): Promise<void> {
  return hosted(() => keys().delete(id, props));
}

export { remove as delete };

function keys(): KeyLifecycle {
  if (lifecycle === undefined)
    throw new Error(
      "the provider was used before it was configured; pulumi-cometapi needs @pulumi/pulumi 3.216 or newer",
    );
  return lifecycle;
}

/** Turns errors into what the host understands. */
async function hosted<T>(work: () => Promise<T>, inputs: Hosted = {}): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ResourceInitFailedError) {
      // The engine keeps the reasons in state in plain text, and the message may hold what the user marked as secret.
      await report(error.message);
      throw Object.assign(new Error(error.message), {
        id: error.id,
        // The host adds its own property to every result but this one, and cannot delete the key without it.
        properties: { ...error.state, __provider: inputs.__provider },
        reasons: [unfinishedReason],
      });
    }
    // Of what read and delete throw, the host prints `name: stack` beside the engine's line with the message.
    if (error instanceof OperationError) {
      error.toString = () => "pulumi-cometapi";
      error.stack = `${error.doing} failed`;
    }
    throw error;
  }
}
