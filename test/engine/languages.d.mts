/** What PATH has to be for programs in a language. Builds its host when it is first asked for, which takes minutes. */
export function pathFor(language: "yaml" | "python" | "go" | "java" | "dotnet"): Promise<string>;

export type SdkLanguage = "python" | "go" | "java" | "dotnet";

/** Writes the SDK that a schema file describes into a folder. */
export function generateSdk(language: SdkLanguage, schema: string, folder: string): Promise<void>;

/** Fetches what the Maven project in a folder needs. Returns what its `.mvn/maven.config` has to be to need no network. */
export function mavenConfigFor(folder: string): Promise<string>;

/** Installs the archive of the SDK into a folder. Returns what PYTHONPATH has to be for a program with it. */
export function pythonPathWith(archive: string, folder: string): Promise<string>;
