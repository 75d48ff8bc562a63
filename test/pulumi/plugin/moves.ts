import type { TestStack } from "../stack";
import { pulumiYaml } from "./program";

/** What a person does who moves a stack: docs/recipes/to-the-plugin.md. */

/** What a program of the dynamic provider needs to take over keys of the plugin. */
export const back = `
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
    const [, name] = /^pulumi-nodejs:dynamic\\/cometapi:(\\w+)$/.exec(type) ?? [];
    if (name === undefined) return undefined;
    const aliases = [{ type: \`cometapi:index:\${name}\` }];
    return { props, opts: pulumi.mergeOptions(opts, { aliases }) };
  });
`;

export function moveToPlugin(stack: TestStack, program: string): void {
  stack.write("Pulumi.yaml", pulumiYaml);
  stack.write("index.js", program);
}

export function moveBack(stack: TestStack, program: string): void {
  stack.write("Pulumi.yaml", pulumiYaml.split("plugins:")[0] ?? "");
  stack.write("index.js", program);
}

/** The types of keys and rotations in state, sorted. */
export function typesOf(stack: TestStack): string[] {
  const types = stack.resources().map(({ type }) => type);
  return [...new Set(types)].filter((type) => /Key$|Rotation$/.test(type)).sort();
}
