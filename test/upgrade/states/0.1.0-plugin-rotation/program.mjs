import { ComponentResource } from "@pulumi/pulumi";
import { RotatingCometApiKey } from "pulumi-cometapi";

// The shapes that rotations come in. Each version's copy lies beside the state that it left.

const schedule = { every: "P30D", overlap: "P2D", anchor: "2099-01-05T09:00:00Z" };

const backend = new RotatingCometApiKey("backend", {
  ...schedule,
  remainQuota: 5_000,
  modelLimits: ["gpt-5"],
});

class Service extends ComponentResource {
  constructor(name) {
    super("program:index:Service", name);
    const args = { ...schedule, name: "batch job", hardExpiry: true, remainQuota: 7_000 };
    this.rotating = new RotatingCometApiKey(`${name}-key`, args, { parent: this });
    this.registerOutputs({});
  }
}
const { rotating } = new Service("batch");

export const backendKey = backend.key;
export const backendPrevious = backend.previous;
export const batchKey = rotating.key;
