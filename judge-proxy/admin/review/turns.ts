/** One thing after the other, by name: what a reviewer does twice at once is done twice in a row. */

export interface Turns {
  /** Runs it when everything before it of this name has ended, however it ended. */
  take<T>(name: string, run: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async take(name, run) {
      const before = last.get(name) ?? Promise.resolve();
      const mine = before.then(run, run);
      last.set(name, mine);
      try {
        return await mine;
      } finally {
        if (last.get(name) === mine) last.delete(name);
      }
    },
  };
}
