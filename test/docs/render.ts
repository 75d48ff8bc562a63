/** `npm run docs`: writes what docs/ derives from tested sources. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "./markdown";
import { picture } from "./picture";
import { reference } from "./reference";

writeFileSync(join(repo, "docs/terminal.svg"), picture());
writeFileSync(join(repo, "docs/reference.md"), reference());
