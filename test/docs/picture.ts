/** Draws the README's picture of a terminal from the transcripts that test/pulumi/transcripts.test.ts holds. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "./markdown";

interface Scene {
  /** What happens outside the terminal before the command. */
  story?: string;
  command: string;
  transcript: string;
  /** A part of the transcript that would only make the picture taller. */
  without?: "Outputs" | "Resources";
}

const scenes: Scene[] = [
  { command: "pulumi up", transcript: "2 up", without: "Resources" },
  {
    story: "The second run changes nothing.",
    command: "pulumi up",
    transcript: "3 up again",
    without: "Outputs",
  },
  {
    story: "Somebody renames and disables the key in the console, and removes its IP and time limits.",
    command: "pulumi refresh",
    transcript: "6 refresh with drift",
    without: "Resources",
  },
  { command: "pulumi preview --diff", transcript: "7 preview after the drift" },
];

/** Lines about the engine's own bookkeeping: headings, the stack, URNs, times and the outputs shown once already. */
const leftOut = /^(\w+ (update )?\(dev\):|Duration:.*| *\[(urn|id)=.*|.*pulumi:pulumi:Stack.*|)$/;

type Style = "text" | "create" | "update" | "delete" | "heading" | "prompt" | "story";

interface Line {
  style: Style;
  text: string;
}

const font = 13;
const advance = 0.602 * font;
const pitch = 19;
const margin = { left: 20, top: 62, bottom: 20 };

const stylesheet = `
  .window { fill: #ffffff; stroke: #d1d9e0 }
  .bar { fill: #f6f8fa }
  .dot { fill: #d1d9e0 }
  text { font: ${font}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
  .title, .story { fill: #59636e }
  .prompt { fill: #6639ba; font-weight: 600 }
  .command, .heading { font-weight: 600 }
  .create { fill: #116329 }
  .update { fill: #7d4e00 }
  .delete { fill: #a40e26 }
  @media (prefers-color-scheme: dark) {
    .window { fill: #0d1117; stroke: #3d444d }
    .bar { fill: #151b23 }
    .dot { fill: #3d444d }
    text { fill: #e6edf3 }
    .title, .story { fill: #9198a1 }
    .prompt { fill: #d2a8ff }
    .create { fill: #56d364 }
    .update { fill: #e3b341 }
    .delete { fill: #ff7b72 }
  }`;

/** The picture as SVG. Light or dark, as the reader's browser is. */
export function picture(): string {
  const shown = scenes.map(linesOf);
  const lines = shown.flatMap((scene, i) => (i === 0 ? scene : [blank, ...scene]));
  const columns = Math.max(...lines.map(({ text }) => text.length));
  const width = Math.ceil(columns * advance) + 2 * margin.left;
  const height = margin.top + (lines.length - 1) * pitch + margin.bottom;
  const rows = lines.map((line, i) => row(line, margin.top + i * pitch));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" xml:space="preserve">
  <title>A key is created, stays unchanged by a second up, and a change made in the console is shown before the next up repairs it</title>
  <style>${stylesheet}
  </style>
  <rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
  <path class="bar" d="M1 36V10a9 9 0 0 1 9-9h${width - 20}a9 9 0 0 1 9 9v26z"/>
  ${[20, 40, 60].map((x) => `<circle class="dot" cx="${x}" cy="18.5" r="6"/>`).join("")}
  <text class="title" x="${width / 2}" y="23" text-anchor="middle">my-keys</text>
${rows.filter((_, i) => lines[i] !== blank).join("\n")}
</svg>
`;
}

const blank: Line = { style: "text", text: "" };

function linesOf({ story, command, transcript, without }: Scene): Line[] {
  const printed = readFileSync(join(repo, "test/pulumi/transcripts", `${transcript}.txt`), "utf8")
    .replace(new RegExp(`^${without}:\\n( .+\\n)+`, "m"), "")
    .split("\n")
    .filter((line) => !leftOut.test(line));
  return [
    ...(story === undefined ? [] : [{ style: "story", text: `# ${story}` } as const]),
    { style: "prompt", text: `$ ${command}` },
    ...printed.map((text) => ({ style: styleOf(text), text })),
  ];
}

function styleOf(line: string): Style {
  if (/^\w+:$/.test(line)) return "heading";
  const signs: Record<string, Style> = { "+": "create", "~": "update", "-": "delete" };
  return signs[line.trim().slice(0, 1)] ?? "text";
}

/** Indentation is a coordinate: renderers disagree about spaces at the start of a text. */
function row({ style, text }: Line, y: number): string {
  const words = text.trimStart();
  const x = (margin.left + (text.length - words.length) * advance).toFixed(1);
  const line =
    style === "prompt" ? `<tspan class="prompt">$</tspan>${escaped(words.slice(1))}` : escaped(words);
  return `  <text class="${style === "prompt" ? "command" : style}" x="${x}" y="${y}">${line}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
