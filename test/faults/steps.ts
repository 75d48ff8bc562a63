import type { Declared, Scene } from "./scene";

/** One step of a key's life, and what must be true when it is over. */
export interface Step {
  /** Runs in peace, before the trouble. */
  prepare?(scene: Scene): Promise<void>;
  /** Meets the trouble. */
  run(scene: Scene): Promise<unknown>;
  /** Runs in peace, after it: what a person does next. */
  next(scene: Scene): Promise<unknown>;
  expectDone(scene: Scene): Promise<void>;
  /** Deletes: an error leaves the key in state. */
  ends?: true;
}

const fields = {
  remainQuota: 100,
  modelLimits: ["gpt-5", "claude-opus-4-6"],
  allowIps: ["203.0.113.0/24", "2001:db8::/32"],
  expiredTime: "2027-06-30T00:00:00Z",
  group: "auto",
  crossGroupRetry: true,
};
const mine = { ...fields, name: "mine" };

const daily = { ...mine, quotaReset: "daily" };
const dayMs = 86_400_000;

function total(totalQuota: number): Declared {
  const { remainQuota: _, ...others } = mine;
  return { ...others, totalQuota };
}

function adopting({ offered }: Scene): Declared {
  const [id] = offered;
  return { ...mine, adoptId: String(id) };
}

/** An `up` that makes, or changes, the key. */
function up(
  from: Declared | undefined,
  to: Declared,
  granted: number,
  before?: (scene: Scene) => void,
): Step {
  return {
    async prepare(scene) {
      if (from !== undefined) await scene.key.up(from);
      before?.(scene);
    },
    run: ({ key }) => key.up(to),
    next: ({ key }) => key.up(to),
    expectDone: (scene) => scene.expectSettled(to, granted),
  };
}

function spend(amount: number) {
  return ({ rig, key }: Scene) => void rig.server.console.spend(Number(key.id), amount);
}

export const steps = {
  "create under a declared name": up(undefined, mine, 100),
  "create under a generated name": up(undefined, fields, 100),
  "create disabled": up(undefined, { ...fields, status: "disabled" }, 100),
  "update the name": up(mine, { ...mine, name: "renamed" }, 100, spend(30)),
  "update the name of a key in use": up(mine, { ...mine, name: "renamed" }, 100, (scene) => scene.use(3)),
  // 30 of the first 100 were used, and then 250 are given.
  "update the quota": up(mine, { ...mine, remainQuota: 250 }, 280, spend(30)),
  "update the status": up(mine, { ...mine, status: "disabled" }, 100, spend(30)),
  // What an exhausted key needs: first the quota, then to be enabled again.
  "update the quota of an exhausted key": up(mine, { ...mine, remainQuota: 50 }, 150, ({ rig, key }) => {
    rig.server.console.spend(Number(key.id), 100);
    rig.server.console.update(Number(key.id), { status: 4 });
  }),
  "give an exhausted key a total": up(mine, total(150), 150, ({ rig, key }) => {
    rig.server.console.spend(Number(key.id), 100);
    rig.server.console.update(Number(key.id), { status: 4 });
  }),
  // A day later: what is left becomes the quota again.
  "renew the quota": up(daily, daily, 130, (scene) => {
    spend(30)(scene);
    scene.rig.server.advance(dayMs);
  }),
  "renew the quota of an exhausted key": up(daily, daily, 200, ({ rig, key }) => {
    rig.server.console.spend(Number(key.id), 100);
    rig.server.console.update(Number(key.id), { status: 4 });
    rig.server.advance(dayMs);
  }),
  "adopt a key": {
    prepare: async (scene) => void scene.offer(),
    run: (scene) => scene.key.up(adopting(scene)),
    next: (scene) => scene.key.up(adopting(scene)),
    expectDone: (scene) => scene.expectSettled(adopting(scene), 100),
  },
  refresh: {
    prepare: async ({ key }) => void (await key.up(mine)),
    run: ({ key }) => key.refresh(),
    next: ({ key }) => key.refresh(),
    expectDone: (scene) => scene.expectSettled(mine, 100),
  },
  delete: {
    prepare: async ({ key }) => void (await key.up(mine)),
    run: ({ key }) => key.destroy(),
    next: ({ key }) => key.destroy(),
    async expectDone(scene) {
      if (scene.key.id !== undefined || scene.own.length > 0) throw new Error("the key is still there");
    },
    ends: true,
  },
} satisfies Record<string, Step>;

export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as StepName[];
