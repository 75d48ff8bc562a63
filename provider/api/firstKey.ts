import type { Patience } from "./patience";

/**
 * Lets one create go ahead of the others until the server has shown or revealed a key: if it never does, one key was
 * created in vain and not as many as the engine creates at once.
 */
export class FirstKey {
  private isReadable = false;
  private ahead: Promise<void> | undefined;
  private letOn: (() => void) | undefined;

  /**
   * Resolves when a create may begin, with what to call when it has ended.
   *
   * @param assertReadable throws when the server is known to show masks only
   */
  async turn(assertReadable: () => void, patience: Patience): Promise<() => void> {
    for (;;) {
      assertReadable();
      if (this.isReadable) return () => {};
      if (this.ahead === undefined) return this.goAhead();
      await patience.wait(this.ahead);
    }
  }

  /** The server has shown or revealed a key. */
  readable(): void {
    this.isReadable = true;
    this.letOn?.();
  }

  private goAhead(): () => void {
    let letOn = () => {};
    this.ahead = new Promise((resolve) => {
      letOn = resolve;
    });
    this.letOn = letOn;
    return () => {
      if (this.letOn === letOn) this.ahead = undefined;
      letOn();
    };
  }
}
