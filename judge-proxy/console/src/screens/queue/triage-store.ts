/**
 * One session of review: the machine of triage.ts with the server behind it. It outlives the screen, so that whoever looks
 * at an exchange and comes back finds everything, and an answer that arrives meanwhile is not lost.
 */

import { type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import type { EndpointName } from '../../../../contract/endpoints.ts';
import type { QueueName } from '../../../../ledger/acts.ts';
import type { Api } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import { startTriage, step, type TriageCommand, type TriageEvent, type TriageState } from './triage.ts';

const PAGE = 50;

interface Asked {
  readonly queue: QueueName;
  readonly blind: boolean;
  /** How many people are to look at an item; as configured where nothing was chosen. */
  readonly opinions: number | undefined;
}

export class TriageStore {
  readonly #api: Api;
  readonly #asked: Asked;
  readonly #onChange: () => void;
  readonly #listeners = new Set<() => void>();
  #state: TriageState;
  /** Labels go one after another: two of the same item must not overtake each other. */
  #line: Promise<void> = Promise.resolve();

  /** `onChange` is called when the ledger has another label, or one less. */
  constructor(api: Api, asked: Asked, onChange: () => void) {
    this.#api = api;
    this.#asked = asked;
    this.#onChange = onChange;
    const { state, commands } = startTriage(asked.queue, asked.blind);
    this.#state = state;
    this.#run(commands);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): TriageState => this.#state;

  readonly send = (event: TriageEvent): void => {
    const { state, commands } = step(this.#state, event);
    this.#state = state;
    for (const listener of this.#listeners) listener();
    this.#run(commands);
  };

  #run(commands: readonly TriageCommand[]): void {
    for (const command of commands) {
      if (command.kind === 'load') void this.#load(command.cursor);
      else
        this.#line = this.#line.then(() => (command.kind === 'label' ? this.#label(command) : this.#withdraw(command)));
    }
  }

  async #load(cursor: string | null): Promise<void> {
    const { queue, blind, opinions } = this.#asked;
    const query = { blind: blind ? 'true' : 'false', opinions, limit: PAGE, cursor: cursor ?? undefined } as const;
    try {
      const page = await this.#api.call('read_queue', { params: { queue }, query });
      this.send({ kind: 'loaded', items: page.items, next: page.next });
    } catch (error) {
      this.send({ kind: 'load_failed', text: textOf(error) });
    }
  }

  async #label({ exchangeId, act, label, note }: TriageCommand & { kind: 'label' }): Promise<void> {
    const { queue, blind } = this.#asked;
    const body = { exchange_ids: [exchangeId], label, note, queue, blind };
    try {
      const [row] = await this.#api.call('label', { body });
      if (row === undefined) throw new Error('the server gave no label back');
      this.send({ kind: 'kept', exchangeId, act, labelId: row.label_id });
      this.#onChange();
    } catch (error) {
      this.send({ kind: 'failed', exchangeId, act, text: textOf(error) });
    }
  }

  async #withdraw({ exchangeId, act, labelId }: TriageCommand & { kind: 'withdraw' }): Promise<void> {
    try {
      await this.#api.call('withdraw_label', { params: { id: labelId } });
      this.send({ kind: 'withdrawn', exchangeId, act });
      this.#onChange();
    } catch (error) {
      this.send({ kind: 'withdraw_failed', exchangeId, act, text: textOf(error) });
    }
  }
}

/** The session of a queue: the one that was begun, or a new one. `refetch` begins anew; it ends with the sign-in. */
export function useTriageStore(asked: Asked): UseQueryResult<TriageStore> {
  const api = useApi();
  const cache = useQueryClient();
  return useQuery<TriageStore, Error>({
    queryKey: ['triage', asked],
    queryFn: () =>
      new TriageStore(api, asked, () => {
        for (const name of CHANGED) void cache.invalidateQueries({ queryKey: [name] });
      }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });
}

/** What another label changes. */
const CHANGED: readonly EndpointName[] = ['list_queues', 'read_exchange', 'list_exchanges', 'quality'];

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}
