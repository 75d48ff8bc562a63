import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import type { Diff, Properties } from "./protocol";

/**
 * Answers with the kind of each difference, by which the engine prints `~ status: "disabled" => "enabled"`. A property
 * that is in neither inputs is left out: the engine would print it as `<null>`.
 */
export function diffResponse(
  { changed, properties }: Diff,
  oldInputs: Properties,
  news: Properties,
): rpc.DiffResponse {
  const response = new rpc.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  response.setChanges(changed ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  const { Kind } = rpc.PropertyDiff;
  for (const { name, replaces } of properties) {
    if (replaces) response.addReplaces(name);
    const [isOld, isNew] = [name in oldInputs, name in news];
    if (!isOld && !isNew) continue;
    const detail = new rpc.PropertyDiff();
    if (!isOld) detail.setKind(replaces ? Kind.ADD_REPLACE : Kind.ADD);
    else if (!isNew) detail.setKind(replaces ? Kind.DELETE_REPLACE : Kind.DELETE);
    else detail.setKind(replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE);
    detail.setInputdiff(true);
    response.addDiffs(name);
    response.getDetaileddiffMap().set(name, detail);
  }
  return response;
}
