import { defineConfig } from "vitest/config";

/**
 * The tiers of tests. A file is in one of the first three, by where it lies: test/tiers.test.ts holds that.
 *
 * | project | what                                              | run by               |
 * |---------|---------------------------------------------------|----------------------|
 * | process | what starts no engine, but for two long suites    | npm test             |
 * | main    | the main job from end to end on the engine        | npm test             |
 * | more    | everything else                                   | npm run test:all     |
 * | oldest  | what depends on the engine, on the oldest allowed | npm run test:all     |
 * | plugin  | what depends on the host, on the plugin           | npm run test:all     |
 *
 * Suites that are tagged "nightly" do more when they are asked to, by `npm run test:nightly`.
 */

const main = ["test/pulumi/main/**/*.test.ts", "test/upgrade/**/*.test.ts"];
/** Also what tests the tools that start it, and what takes minutes without it. */
const engine = [
  "test/faults/{matrix,quota}.test.ts",
  "test/{pulumi,upgrade,demo,bench,engine}/**/*.test.ts",
  "test/**/engine/**/*.test.ts",
  "test/docs/followed.test.ts",
  "test/package/{layouts,secretStores}.test.ts",
];
/** The newest engine cannot start policy packs with the language host that can be had here: see launcher.ts there. */
const oldestOnly = ["test/pulumi/policies/**/*.test.ts"];
/** What depends on the program or the plugin alone, and what the newest engine alone prints word for word. */
const newestOnly = [
  "test/pulumi/examples/**",
  "test/pulumi/languages/**",
  "test/pulumi/main/transcripts.test.ts",
  "test/pulumi/plugin/{door,import,install,providers,schema,waiting}.test.ts",
];

/** What a user is promised, whatever hosts the provider. The other projects run the same files on the dynamic host. */
const bothHosts = [
  "test/upgrade/upgrade.test.ts",
  "test/faults/engine/{killed,leaks}.test.ts",
  // The lifecycle itself, through the protocol. The suites that are left out take long or look at one of its calls alone.
  "test/faults/{accounts,matrix,model,secrets}.test.ts",
  "test/lifecycle/{accounts,adopt,advice,create,delete,disabled,repeated,update,whose}.test.ts",
  "test/pulumi/main/{contract,transcripts}.test.ts",
  "test/pulumi/ways/**/*.test.ts",
  "test/pulumi/{adopt,advice,quotaReset,rotation}.test.ts",
  // But for what takes long and shows nothing of a host that these do not: serviceEnv.
  "test/pulumi/examples/{accounts,adopt,checkModels,lifetimeTotal,lookups}.test.ts",
  "test/pulumi/examples/{quickstart,rotation,sharedKey,spendReport}.test.ts",
];

/** Half the time of a start goes into what no program here uses: see test/engine/lazily.cjs. The main job starts as users do. */
const startsLazily = { COMETAPI_TEST_START: "lazily" };

const project = (name: string, include: string[], exclude: string[], more: object = {}) => ({
  // Ten times what the slowest takes alone: CI may have slow processors, and the suites of a tier run side by side.
  test: { name, include, exclude, testTimeout: 30_000, hookTimeout: 60_000, ...more },
});

export default defineConfig({
  test: {
    tags: [{ name: "nightly", description: "does more when asked: `npm run test:nightly`" }],
    projects: [
      // No such engine: a test that starts one is in the wrong place, and is told so.
      project("process", ["test/**/*.test.ts"], engine, { env: { COMETAPI_TEST_ENGINE: "none" } }),
      project("main", main, []),
      project("more", engine, [...main, ...oldestOnly], { env: startsLazily }),
      project("oldest", ["test/{pulumi,upgrade}/**/*.test.ts"], newestOnly, {
        env: { ...startsLazily, COMETAPI_TEST_ENGINE: "oldest" },
        globalSetup: "test/engine/oldest.ts",
      }),
      project("plugin", bothHosts, [], { env: { ...startsLazily, COMETAPI_TEST_HOST: "plugin" } }),
    ],
  },
});
