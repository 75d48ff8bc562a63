import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";

/** The calls that are not answered yet. gRPC counts none of them any more once the connection is gone. */
export class UnderWay {
  private readonly calls = new Set<Promise<void>>();

  /** The same methods, whose calls count until they are answered. */
  counting(methods: UntypedServiceImplementation): UntypedServiceImplementation {
    const counted = Object.entries(methods).map(([name, method]) => [
      name,
      this.counted(method as handleUnaryCall<unknown, unknown>),
    ]);
    return Object.fromEntries(counted);
  }

  /** Done when every call is answered, though nobody may hear the answer. */
  async over(): Promise<void> {
    while (this.calls.size > 0) await Promise.all(this.calls);
  }

  private counted(method: handleUnaryCall<unknown, unknown>): handleUnaryCall<unknown, unknown> {
    return (call, callback) => {
      const answered = new Promise<void>((resolve) => {
        method(call, (...answer) => {
          callback(...answer);
          resolve();
        });
      }).finally(() => this.calls.delete(answered));
      this.calls.add(answered);
    };
  }
}
