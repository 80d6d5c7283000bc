/** When the thread that writes the index is woken, and how soon it must come: at once when somebody looks. Pure. */

export type Call = 'wake' | 'wake_later';

export class Waking {
  readonly #call: (call: Call) => void;
  /** It has said that it has everything: only then it must be woken. */
  #rests = false;
  /** It was woken, and takes its time. */
  #later = false;

  constructor(call: (call: Call) => void) {
    this.#call = call;
  }

  /**
   * The ledger has grown. Called with each commit: costs nothing while the thread is at work.
   * @param soon somebody looks
   */
  wake(soon: boolean): void {
    if (!this.#rests) {
      if (soon) this.hurry();
      return;
    }
    this.#rests = false;
    this.#later = !soon;
    this.#call(soon ? 'wake' : 'wake_later');
  }

  /** Somebody looks now: what waits is taken at once. */
  hurry(): void {
    if (!this.#later) return;
    this.#later = false;
    this.#call('wake');
  }

  /** The thread has written a page. @param all it has everything */
  moved(all: boolean): void {
    this.#rests = all;
    this.#later = false;
  }

  /** The thread died: the next one begins by itself. */
  lost(): void {
    this.moved(false);
  }
}
