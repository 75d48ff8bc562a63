import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CometServer, KeyView } from "../../server/index";
import { host } from "../host";
import { failure, newStack, startEmulator, type TestStack } from "../stack";
import { handed, serviceProgram } from "./program";

/** The ways in which Pulumi can be run with keys: fresh ones, an adopted one, and one with a total. */

const repo = resolve(__dirname, "../../..");

describe("keys", { timeout: 120_000 }, () => {
  let server: CometServer;
  let stack: TestStack;
  let version = 0;
  let byHand: number;
  const living = (): KeyView[] => server.keys().filter(({ deletedAt }) => deletedAt === undefined);
  const service = () => living().find(({ key }) => key === handed(stack).at(-1)?.key);
  const write = (declared: string) => {
    version += 1;
    stack.write("index.js", serviceProgram(declared, version));
  };
  const keys = (limits: string, options = "{}") => `
    const r = new CometApiKey("fresh", { remainQuota: 100, ${limits} }, ${options});
    new CometApiKey("adopted", { adoptId: "${byHand}", remainQuota: 500, ${limits} }, ${options});
    new CometApiKey("total", { totalQuota: 1_000, ${limits} }, ${options});`;
  const isAsOnce = async (run: () => Promise<unknown>) => {
    const before = living();
    await run();
    expect(living()).toEqual(before);
    expect((await stack.preview()).changes).toEqual([]);
  };

  beforeAll(async () => {
    server = await startEmulator();
    byHand = server.console.create({ name: "by hand", remain_quota: 500 }).id;
    stack = await newStack({ server, program: "", env: { PULUMI_EXPERIMENTAL: "true" } });
  });

  it("are created as a plan said, which a preview saved", async () => {
    write(keys(""));
    const plan = stack.path("plan.json");
    await stack.preview({ plan });
    await stack.up({ plan });
    expect(service()?.name).toMatch(/^fresh-[0-9a-f]{7}$/);
    expect(living()).toHaveLength(4);
    expect((await stack.preview()).changes).toEqual([]);
  });

  it("are changed by up --strict, and keep their generated names", async () => {
    const names = living().map(({ name }) => name);
    write(keys('modelLimits: ["gpt-5"]'));
    await stack.command("up", "--yes", "--strict");
    expect(living().map(({ name }) => name)).toEqual(names);
    expect(living().filter(({ model_limits }) => model_limits === "gpt-5")).toHaveLength(3);
  });

  it("are left alone by runs that leave them out, and by changes that are to be ignored", async () => {
    const limited = 'modelLimits: ["gpt-5-mini"]';
    await isAsOnce(async () => {
      write(keys(limited));
      await stack.up({ target: ["**::service"] });
      write(keys(limited));
      await stack.up({ exclude: ["**CometApiKey::*"] });
      write(keys(limited, '{ ignoreChanges: ["modelLimits"] }'));
      await stack.up({ refresh: true });
    });
    expect(service()?.name).toMatch(/^fresh-/);
  });

  it("stay the same under other logical names, by aliases and by pulumi state rename", async () => {
    const limits = 'modelLimits: ["gpt-5"]';
    await isAsOnce(async () => {
      write(
        keys(limits).replace('"fresh"', '"renamed"').replace("{});", '{ aliases: [{ name: "fresh" }] });'),
      );
      await stack.up();
      await stack.command("state", "rename", "--yes", stack.resource("renamed").urn, "fresh");
      write(keys(limits));
      await stack.up();
    });
  });

  it("are adopted again after pulumi state delete", async () => {
    const { urn } = stack.resource("adopted");
    await isAsOnce(async () => {
      await stack.command("state", "delete", "--yes", urn);
      await stack.up();
    });
  });

  it("are replaced where the user wants it, the new one before the old one goes", async () => {
    const before = service();
    write(keys('modelLimits: ["gpt-5-mini"]').replace("{});", '{ replaceOnChanges: ["modelLimits"] });'));
    await stack.up();
    expect(service()?.name).toMatch(/^fresh-/);
    expect(service()?.id).not.toBe(before?.id);
    expect(living()).toHaveLength(4);
  });

  it("that are only looked up are errors once they are gone, also at preview, and nobody is handed undefined", async () => {
    const { id } = server.console.create({ name: "elsewhere" });
    const got = (sought: number) => `const r = CometApiKey.get("got", "${sought}");`;
    const message = (sought: number) =>
      `reading key ${sought}: there is no key ${sought} in the default account. Was it deleted, or is it in another account?`;
    const runs = handed(stack).length;
    write(got(999_999));
    expect((await failure(stack.preview())).run.output).toContain(message(999_999));
    expect((await failure(stack.up())).run.output).toContain(message(999_999));
    expect(handed(stack)).toHaveLength(runs);

    write(got(id));
    await stack.up();
    expect(service()?.id).toBe(id);
    server.console.delete(id);
    write(got(id));
    expect((await failure(stack.preview())).run.output).toContain(message(id));
    const { run } = await failure(stack.up());
    expect(run.output).toContain(message(id));
    expect(run.output).not.toMatch(/^\s+at /m);
    expect(handed(stack)).toHaveLength(runs + 1);
  });

  // The plugin is found by Pulumi.yaml, whichever package declares the key.
  it.runIf(host === "dynamic")(
    "created by a shared package that alone has pulumi-cometapi: the program says which folder lacks it",
    async () => {
      const modules = stack.path("node_modules");
      const within = (path: string) => {
        const folder = join(modules, path);
        mkdirSync(dirname(folder), { recursive: true });
        return folder;
      };
      // As pnpm lays it out: a program does not find what only its dependencies depend on.
      rmSync(modules);
      symlinkSync(join(repo, "node_modules/@pulumi"), within("@pulumi"), "junction");
      symlinkSync(repo, within("@acme/shared/node_modules/pulumi-cometapi"), "junction");
      writeFileSync(join(modules, "@acme/shared/index.js"), 'module.exports = require("pulumi-cometapi");');
      stack.write(
        "index.js",
        'import { CometApiKey } from "@acme/shared"; new CometApiKey("shared", { remainQuota: 1 });',
      );
      const { output } = (await failure(stack.preview())).run;
      expect(output).toContain(
        `error: pulumi-cometapi cannot be found from ${stack.path(".")}, where Pulumi`,
      );
      expect(output).toContain("Run `npm install pulumi-cometapi` in that folder");
      expect(output).not.toMatch(/Cannot find module|^\s+at /m);
    },
  );
});
