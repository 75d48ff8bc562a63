import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { expectNoLeak, secretsOf } from "../../faults/leaks";
import type { CometServer } from "../../server/index";
import { keepPrinted, newStack, startEmulator, type TestStack } from "../stack";

describe("examples/spend-report", () => {
  let server: CometServer;
  let stack: TestStack;
  const { printed, told } = keepPrinted();

  beforeAll(async () => {
    server = await startEmulator();
    stack = await newStack({ example: "spend-report", server });
    const { console } = server;
    const backend = console.create({ name: "backend", remain_quota: 12_500_000, group: "vip" });
    const bot = console.create({ name: "bot | beta", remain_quota: 500_000, expired_time: 4_102_444_800 });
    const lab = console.create({ name: "lab", remain_quota: 0, unlimited_quota: true });
    console.create({ name: "old", remain_quota: 500_000_000, expired_time: 1_767_225_600 });
    console.spend(backend.id, 2_225_000);
    console.spend(bot.id, 2_500);
    console.spend(lab.id, 5_000_000);
  });

  it("previews the table without leaving a file", async () => {
    const { output } = told(await stack.preview());
    expect(output).toContain("| backend ");
    expect(existsSync(stack.path("spend-report.md"))).toBe(false);
  });

  it("prints the table as an output, and writes it as Markdown", async () => {
    const { outputs } = told(await stack.up());
    const report = readFileSync(stack.path("spend-report.md"), "utf8");
    expect(outputs["report"]).toEqual({ value: report, secret: false });
    expect(`\n${report}`).toBe(`
| key         | group   |    budget |   used |      left | status  | expires    |
| ----------- | ------- | --------: | -----: | --------: | ------- | ---------- |
| lab         | default |  no limit | $10.00 |           | enabled | never      |
| backend     | vip     |    $25.00 |  $4.45 |    $20.55 | enabled | never      |
| bot \\| beta | default |     $1.00 | $0.005 |     $1.00 | enabled | 2100-01-01 |
| old         | default | $1,000.00 |  $0.00 | $1,000.00 | expired | 2026-01-01 |

- The account has $85.55 left, and has used $14.46. CometAPI expects that to last 177 more days.
- The keys may still use $21.55, which the account has.
- Keys without a limit: 1. They may use all that is left.
`);
  });

  it("says by how much the keys may spend more than the account has", async () => {
    server.console.create({ name: "rich", remain_quota: 50_000_000 });
    const { outputs } = told(await stack.up());
    expect(outputs["report"]?.value).toContain(
      "- **The keys may still use $121.55, which is $36.00 more than the account has left.**",
    );
  });

  it("prints no secret, and stores none in the clear", () => {
    expectNoLeak([stack.backend.text(), ...printed], secretsOf(server));
    expect(server.violations).toEqual([]);
  });
});
