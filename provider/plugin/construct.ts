import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";
import { RotatingCometApiKey } from "../../sdk/plugin/rotatingCometApiKey";
import type { RotatingCometApiKeyArgs } from "../../sdk/rotatingCometApiKeyArgs";
import { runComponent } from "./protocol/componentRun";
import { type ComponentHost, lacking } from "./protocol/plugin";

/** What decides which keys there are. */
const schedule = ["every", "overlap", "anchor", "hardExpiry"];

/**
 * Creates a RotatingCometApiKey for a program in another language, by the class that TypeScript programs use.
 *
 * Loaded with the first one: it needs Pulumi's whole SDK.
 */
export function construct(request: ConstructRequest, host: ComponentHost): Promise<ConstructResponse> {
  return runComponent(request, host, schedule, (name, inputs, options) => {
    if (request.getType() !== "cometapi:index:RotatingCometApiKey")
      throw lacking(`component ${request.getType()}`);
    // The class checks the schedule, and its keys check the rest.
    const args = inputs as unknown as RotatingCometApiKeyArgs;
    const { urn, key, current, previous, rotatesAt } = new RotatingCometApiKey(name, args, options);
    return { urn, state: { key, current, previous, rotatesAt } };
  });
}
