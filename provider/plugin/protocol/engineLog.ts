import { AsyncLocalStorage } from "node:async_hooks";
import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** The resource whose call is under way. Only one, as Node 20 slows every promise down by each storage that was ever used. */
const current = new AsyncLocalStorage<{ urn: string }>();

/** The engine's own log. It hides what a plugin prints, so what a person is to read goes this way. */
export class EngineLog {
  /** Such as `127.0.0.1:40123`; undefined where somebody runs the plugin by hand. */
  engineAddress: string | undefined;
  private engine: EngineClient | undefined;
  private readonly underWay = new Set<Promise<void>>();

  /** @param hide removes what is secret */
  constructor(private readonly hide: (message: string) => string) {}

  connect(address: string): void {
    this.engineAddress = address;
    this.engine?.close();
    this.engine = new EngineClient(address, credentials.createInsecure());
  }

  /** Runs what is done for one resource: what it logs stands beside that resource. */
  beside<T>(urn: string, work: () => Promise<T>): Promise<T> {
    return current.run({ urn }, work);
  }

  info(message: string): void {
    void this.log(LogSeverity.INFO, message);
  }

  /**
   * Done when the engine has it: it may end the plugin as soon as the last call is answered.
   *
   * @param urn of the resource that it is about. Default: it is about the whole run, whatever is done meanwhile
   */
  warn(message: string, urn = ""): Promise<void> {
    return this.log(LogSeverity.WARNING, message, urn);
  }

  error(message: string): Promise<void> {
    return this.log(LogSeverity.ERROR, message);
  }

  /** Waits until the engine has everything logged so far. */
  async flush(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private log(
    severity: LogRequest["getSeverity"] extends () => infer S ? S : never,
    message: string,
    urn = current.getStore()?.urn,
  ): Promise<void> {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(this.hide(message));
    request.setUrn(urn ?? "");
    const { engine } = this;
    const logged = new Promise<void>((resolve) => {
      // Without an engine somebody runs the plugin by hand, and reads stderr.
      if (engine === undefined) {
        process.stderr.write(`${request.getMessage()}\n`);
        resolve();
        // A log that cannot be written must not make an operation fail.
      } else engine.log(request, () => resolve());
    }).finally(() => this.underWay.delete(logged));
    this.underWay.add(logged);
    return logged;
  }
}
