/**
 * A bounded line in which clients take turns: one with a thousand questions does not make another wait for all of them,
 * and cannot fill the line for the others. Of one client, first come, first called.
 */

/** Told when it has to make room for another client. */
export interface Waiter {
  readonly client: string;
  call(): void;
  displace(): void;
}

export class WaitingLine<W extends Waiter = Waiter> {
  readonly #most: number;
  /** By client, in the order in which clients are called next. None is empty. */
  readonly #clients = new Map<string, Set<W>>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns false when the line is full, and nobody in it has more waiting than this client would have */
  enter(waiter: W): boolean {
    if (this.#size >= this.#most && !this.makeRoom(waiter.client)) return false;
    const own = this.#clients.get(waiter.client);
    if (own === undefined) this.#clients.set(waiter.client, new Set([waiter]));
    else own.add(waiter);
    this.#size += 1;
    return true;
  }

  /** Who has left may leave again. */
  leave(waiter: W): void {
    const own = this.#clients.get(waiter.client);
    if (own === undefined || !own.delete(waiter)) return;
    this.#size -= 1;
    if (own.size === 0) this.#clients.delete(waiter.client);
  }

  /** The next one, who leaves; his client comes last now. */
  next(): W | null {
    for (const [client, waiters] of this.#clients) {
      for (const waiter of waiters) {
        this.leave(waiter);
        if (this.#clients.delete(client)) this.#clients.set(client, waiters);
        return waiter;
      }
    }
    return null;
  }

  /**
   * The client with the most loses its last place, if that leaves it no fewer than the other one gets.
   * @returns whether it did
   */
  makeRoom(client: string): boolean {
    let most: ReadonlySet<W> = new Set();
    for (const waiters of this.#clients.values()) if (waiters.size > most.size) most = waiters;
    const last = [...most].at(-1);
    if (last === undefined || most.size < (this.#clients.get(client)?.size ?? 0) + 2) return false;
    this.leave(last);
    last.displace();
    return true;
  }
}
