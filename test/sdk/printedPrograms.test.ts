import { expect, test } from "vitest";
import { schema } from "../docs/schema";

test("programs that Pulumi prints in TypeScript, as after an import, find what they use", () => {
  const { language, resources, functions } = JSON.parse(schema()) as {
    language: { nodejs: { packageName: string } };
    resources: object;
    functions: object;
  };
  const names = Object.keys({ ...resources, ...functions }).map((token) => token.split(":").at(-1));
  expect(names).toContain("CometApiKey");
  const door = require(language.nodejs.packageName) as object;
  expect(Object.keys(door)).toEqual(expect.arrayContaining(names));
});
