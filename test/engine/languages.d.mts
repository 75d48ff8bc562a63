/** What PATH has to be for programs in a language. Builds its host when it is first asked for, which takes minutes. */
export function pathFor(language: "yaml" | "python" | "go"): Promise<string>;

/** Writes the SDK that a schema file describes into a folder. */
export function generateSdk(language: "python" | "go", schema: string, folder: string): Promise<void>;

/** Installs the archive of the SDK into a folder. Returns what PYTHONPATH has to be for a program with it. */
export function pythonPathWith(archive: string, folder: string): Promise<string>;
