import * as dynamic from "../../../sdk/index";
import * as plugin from "../../../sdk/plugin/index";
import { host } from "../host";

/** The classes as an inline program imports them for the host that is tested. */
export const { CometApiKey, RotatingCometApiKey } = host === "plugin" ? plugin : dynamic;
export type CometApiKey = InstanceType<typeof CometApiKey>;
export type RotatingCometApiKey = InstanceType<typeof RotatingCometApiKey>;
