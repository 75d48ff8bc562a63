import { expect, test } from "vitest";
import { textOf } from "./markdown";

const transcripts = "test/pulumi/transcripts";

test("the previews on docs/hosts.md are what a person sees on each host", () => {
  const shown = [...textOf("docs/hosts.md").matchAll(/^```text\n(.+?)^```/gms)].map(
    ([, preview = ""]) => preview,
  );
  const [dynamic, plugin] = ["", "plugin/"].map((folder) =>
    textOf(`${transcripts}/${folder}7 preview after the drift.txt`),
  );
  expect(shown).toHaveLength(2);
  expect(dynamic).toContain(shown[0]);
  expect(plugin).toContain(shown[1]);
});
