import type { dynamic } from "@pulumi/pulumi";
import { checkRotation, type RotationInputs, type RotationState } from "../rotation";

/**
 * What a RotatingCometApiKey remembers, for the dynamic host. Old state files find it as
 * `require("pulumi-cometapi/provider/rotation")`: that path and the functions this module exports stay.
 */

export function check(
  olds: Partial<RotationState>,
  { __urn, ...news }: RotationInputs & { __urn: string },
): Promise<dynamic.CheckResult> {
  return Promise.resolve(checkRotation(__urn, olds, news));
}

export function create(inputs: Partial<RotationState>): Promise<dynamic.CreateResult> {
  return Promise.resolve({ id: "rotation", outs: inputs });
}

export function update(
  _id: string,
  _olds: RotationState,
  news: RotationState,
): Promise<dynamic.UpdateResult> {
  return Promise.resolve({ outs: news });
}
