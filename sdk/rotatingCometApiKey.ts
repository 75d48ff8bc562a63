import * as pulumi from "@pulumi/pulumi";
import { CometApiKey } from "./cometApiKey";
import type { RotatingCometApiKeyArgs } from "./rotatingCometApiKeyArgs";
import { Rotation, RotationComponent } from "./rotationComponent";
import { withoutDependencies } from "./withoutDependencies";

const rotationType = "pulumi-nodejs:dynamic/cometapi:Rotation";

/** As with the provider of CometApiKey, this text is in every state: it may never change, nor what it names. */
const provider = 'exports.handler=()=>require("pulumi-cometapi/provider/rotation")';

/**
 * A CometAPI API key that is renewed on a schedule, the old one staying valid for a while.
 *
 * ```ts
 * const key = new RotatingCometApiKey("backend", { every: "P30D", overlap: "P2D", remainQuota: usd(25) });
 * export const apiKey = key.key; // a secret
 * ```
 *
 * It is `pulumi up` that renews it, so run that on a schedule. Time is cut in slots of `every`, and each slot has a
 * {@link CometApiKey} of its own, with its quota in full. The `up` that makes a key keeps the one before; the first one
 * after the overlap removes it. If no `up` comes, the last key goes on working.
 *
 * @throws {pulumi.RunError} when `every`, `overlap` or `anchor` cannot be used
 */
export class RotatingCometApiKey extends RotationComponent {
  /**
   * @param name the logical name, unique within the stack
   * @param args what each key is to be, and when a new one becomes current
   * @param opts `dependsOn` and the like. `customTimeouts`, `hooks`, `ignoreChanges`, `retainOnDelete` and what replaces
   * (`replaceOnChanges`, `replaceWith`, `replacementTrigger`) hold for each key; `protect` for the current one, and for no
   * previous key, which is to be removed
   */
  constructor(name: string, args: RotatingCometApiKeyArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super(name, args, opts, {
      Key: CometApiKey,
      createRotation: (inputs, options) =>
        new Rotation(rotationType, name, inputs, options, {
          __urn: withoutDependencies(pulumi.createUrn(name, rotationType, options.parent)),
          __provider: provider,
        }),
    });
  }
}
