/** Endpoints of reviewers: what waits for them, and what they say of it. */

import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { blindRow } from '../exchanges/blind.ts';
import type { Handlers } from '../handlers.ts';
import { defined } from '../period.ts';
import { checkBlind, type LabelParts, labelExchanges, withdrawLabel } from './label-exchanges.ts';
import { createTurns } from './turns.ts';

export interface ReviewParts extends Omit<LabelParts, 'controlRate'> {
  readonly readModel: LabelParts['readModel'] & Pick<ReadModel, 'queue' | 'queueCounts'>;
  readonly review: {
    readonly control_rate: number;
    /** Opinions that are wanted of an exchange unless a reviewer asks for more. */
    readonly opinions: number;
  };
}

type ReviewHandlers = Pick<Handlers, 'list_queues' | 'read_queue' | 'label' | 'withdraw_label'>;

export function createReviewHandlers(given: ReviewParts): ReviewHandlers {
  const { readModel } = given;
  const { control_rate, opinions: wanted } = given.review;
  const parts: LabelParts = { ...given, controlRate: control_rate };
  // Two labels of one reviewer at the same time would both replace the one before, and both would stand.
  const turns = createTurns();
  return {
    list_queues: async ({ query: { opinions = wanted } }, { caller }) =>
      await readModel.queueCounts({ reviewer: caller.user, opinions, control_rate }),

    read_queue: async ({ params: { queue }, query }, { caller }) => {
      const { blind, opinions = wanted, cursor, limit } = query;
      checkBlind(queue, blind);
      const asked = { queue, reviewer: caller.user, opinions, control_rate, limit };
      const page = await readModel.queue({ ...asked, ...defined({ cursor }) });
      if (!blind) return page;
      return { ...page, items: page.items.map((item) => ({ ...item, exchange: blindRow(item.exchange) })) };
    },

    label: async ({ body }, { caller, signal }) =>
      await turns.take(caller.user, () => labelExchanges(parts, { ...body, reviewer: caller.user, signal })),

    withdraw_label: async ({ params }, { caller, signal }) =>
      await turns.take(caller.user, () => withdrawLabel(parts, { reviewer: caller.user, label_id: params.id, signal })),
  };
}
