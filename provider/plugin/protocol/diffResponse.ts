import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import type { Diff, Difference } from "./plugin";

/** Answers with the kind of each difference, by which the engine prints `~ status: "disabled" => "enabled"`. */
export function diffResponse({ changed, properties }: Diff): rpc.DiffResponse {
  const response = new rpc.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  response.setChanges(changed ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  for (const difference of properties) {
    const { name, replaces } = difference;
    const detail = new rpc.PropertyDiff();
    detail.setKind(kindOf(difference));
    // The engine takes the old value from the outputs then: in the inputs a default is left out.
    detail.setInputdiff(false);
    // It wants both lists to have the same properties.
    response.addDiffs(name);
    response.getDetaileddiffMap().set(name, detail);
    if (replaces) response.addReplaces(name);
  }
  return response;
}

function kindOf({ kind, replaces }: Difference): rpc.PropertyDiff.Kind {
  const { Kind } = rpc.PropertyDiff;
  switch (kind) {
    case "add":
      return replaces ? Kind.ADD_REPLACE : Kind.ADD;
    case "delete":
      return replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
    case "update":
      return replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
  }
}
