/** Endpoints about exchanges and connections: lists, one of them, what looks like it, its sealed original. */

import type { Ledger } from '../../ledger/ledger.ts';
import type { ExchangeRow, Page, ReadModel } from '../../ledger/read-model/rows.ts';
import type { Verdict } from '../../ledger/records.ts';
import type { Handlers } from '../handlers.ts';
import { defined, instants } from '../period.ts';
import { ApiProblem } from '../problems.ts';
import { findExchange } from './find-exchange.ts';
import { type ReadParts, readExchange } from './read-exchange.ts';
import { readSequence, sequenceCursor } from './sequence-cursor.ts';

export interface ExchangeParts extends ReadParts {
  readonly ledger: Pick<Ledger, 'exchange' | 'head' | 'sealed' | 'verdicts' | 'connections' | 'append'>;
  readonly readModel: ReadParts['readModel'] & Pick<ReadModel, 'exchanges' | 'similar'>;
}

type ExchangeHandlers = Pick<
  Handlers,
  'list_exchanges' | 'read_exchange' | 'similar_exchanges' | 'read_sealed' | 'list_verdicts' | 'list_connections'
>;

export function createExchangeHandlers(parts: ExchangeParts): ExchangeHandlers {
  const { ledger, readModel } = parts;
  return {
    list_exchanges: async ({ query: { cursor, limit, ...filter } }) =>
      await readModel.exchanges(instants(filter), { ...defined({ cursor }), limit }),

    read_exchange: async ({ params, query }, { caller, signal }) =>
      await readExchange(parts, { id: params.id, blind: query.blind, reviewer: caller.user, signal }),

    similar_exchanges: async ({ params, query }) => {
      const { opened } = await findExchange(ledger, params.id);
      return await readModel.similar(opened.exchange_id, query.limit);
    },

    read_sealed: async ({ params }, context) => {
      const { opened } = await findExchange(ledger, params.id);
      const sealed = await ledger.sealed(opened.exchange_id);
      if (sealed === null) throw new ApiProblem('not_found', 'No sealed original is kept of it.');
      const { sha256, bytes } = sealed;
      // Recorded first: what leaves the machine without a record would be the worse mistake.
      const after = { sha256, bytes: bytes.length };
      await ledger.append([{ kind: 'act', record: context.act('sealed.download', opened.exchange_id, null, after) }]);
      return { type: 'application/octet-stream', name: `${opened.exchange_id}.age`, body: once(bytes) };
    },

    list_verdicts: async ({ query: { cursor, limit, ...filter } }) => {
      const page = await readModel.exchanges(instants({ ...filter, judged: true }), { ...defined({ cursor }), limit });
      return await verdictsOf(parts, page);
    },

    list_connections: async ({ query: { cursor, limit } }) => {
      const before = cursor === undefined ? {} : { before_seq: readSequence(cursor) };
      const items = await ledger.connections({ limit, ...before });
      const last = items.at(-1);
      return { items, next: last !== undefined && items.length === limit ? sequenceCursor(last.seq) : null };
    },
  };
}

/** The verdict of each exchange, whole; one whose metadata was erased meanwhile is left out. */
async function verdictsOf({ ledger }: ExchangeParts, { items, next }: Page<ExchangeRow>): Promise<Page<Verdict>> {
  const found = await Promise.all(
    items.map(async ({ verdict }) => {
      if (verdict === null) return null;
      const [at] = await ledger.verdicts({ limit: 1, before_seq: verdict.seq + 1 });
      return at?.seq === verdict.seq ? at : null;
    }),
  );
  return { items: found.filter((verdict) => verdict !== null), next };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
