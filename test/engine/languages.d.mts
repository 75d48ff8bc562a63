/** What PATH has to be for programs in a language. Builds its host when it is first asked for, which takes minutes. */
export function pathFor(language: "yaml" | "python" | "go"): Promise<string>;

/** Writes the SDK that a schema file describes into a folder. */
export function generateSdk(language: "python" | "go", schema: string, folder: string): Promise<void>;

/** What PYTHONPATH has to be for a program with the generated SDK in a folder. Installs it. */
export function pythonPathFor(folder: string): Promise<string>;
