/** `npm run docs`: writes what is derived from the sources, their documentation and the transcripts. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "./markdown";
import { picture } from "./picture";
import { reference } from "./reference";
import { schema } from "./schema";

writeFileSync(join(repo, "docs/terminal.svg"), picture());
writeFileSync(join(repo, "docs/reference.md"), reference());
writeFileSync(join(repo, "provider/plugin/schema.json"), schema());
