/** Where the records of an exchange stand in the chain, so that a reviewer can check them with `npm run verify`. */

import type { ExchangeDetail } from '../../contract/responses.ts';
import { GENESIS } from '../../ledger/chain.ts';
import type { ExchangeView, LedgerReader } from '../../ledger/ledger.ts';
import type { LabelRow } from '../../ledger/read-model/rows.ts';

type Chain = ExchangeDetail['chain'];

/** @param checkpointSize records that the last signed checkpoint covers, null without one */
export async function chainPosition(
  ledger: Pick<LedgerReader, 'head'>,
  view: Pick<ExchangeView, 'opened_seq' | 'completed_seq' | 'verdicts'>,
  labels: readonly LabelRow[],
  checkpointSize: number | null,
): Promise<Chain> {
  const { opened_seq, completed_seq, verdicts } = view;
  const placed = [
    { kind: 'exchange_opened', seq: opened_seq },
    ...(completed_seq === null ? [] : [{ kind: 'exchange_completed', seq: completed_seq }]),
    ...verdicts.map(({ seq }) => ({ kind: 'verdict', seq })),
    ...labels.map(({ seq }) => ({ kind: 'label', seq })),
  ];
  const [head, ...records] = await Promise.all([ledger.head(), ...placed.map((place) => recordAt(ledger, place))]);
  return {
    ledger_id: head?.ledger_id ?? '',
    records: records.filter((record) => record !== null).sort((a, b) => a.seq - b.seq),
    head_seq: head?.seq ?? 0,
    checkpoint_size: checkpointSize,
  };
}

async function recordAt(
  ledger: Pick<LedgerReader, 'head'>,
  { kind, seq }: { readonly kind: string; readonly seq: number },
): Promise<Chain['records'][number] | null> {
  const [at, before] = await Promise.all([ledger.head(seq), seq === 1 ? null : ledger.head(seq - 1)]);
  return at === null ? null : { kind, seq, hash: at.hash, prev_hash: before?.hash ?? GENESIS };
}
