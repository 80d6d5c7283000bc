import { Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { QueueItem } from '../../../../ledger/read-model/rows.ts';
import { answerOptions, useAnswer, useApi } from '../../api/hooks.ts';
import { counted } from '../../shared/format.ts';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { askedItem } from './asked-item.ts';
import { ItemContent } from './item-content.tsx';
import classes from './queue.module.css';
import type { TriageState } from './triage.ts';

interface Props {
  readonly item: QueueItem;
  readonly state: TriageState;
  /** The finding that is looked at. */
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

/** Why each item waits. In blind mode only the draw is said: every other reason tells of a verdict. */
const WHY: Readonly<Record<QueueItem['why'], string>> = {
  stopped: 'The judge stopped it.',
  severe: 'The judge found it grave.',
  people_differ: 'Two people gave it different labels.',
  judge_differs: 'A person and the judge differ.',
  shadow_differs: 'Judge and shadow judge differ.',
  judge_failed: 'The judge gave no usable verdict.',
  drawn: 'Drawn at random.',
};

/** The exchange that is to be labelled. The one after it is read ahead. */
export function ReviewItem({ item, state, chosen, onChoose }: Props) {
  const { exchange } = item;
  const detail = useAnswer('read_exchange', askedItem(state, exchange.exchange_id));
  useReadAhead(state);
  return (
    <article aria-label="Exchange to be labelled" data-exchange={exchange.exchange_id}>
      <div className={classes.itemHead}>
        <TrafficText text={exchange.client} oneLine />
        <span aria-hidden>·</span>
        <span>{exchange.route}</span>
        <span aria-hidden>·</span>
        <TrafficText text={exchange.model ?? exchange.host} oneLine />
        <span aria-hidden>·</span>
        <Time ts={exchange.ts} />
        {!state.blind && <Text size="sm">{WHY[item.why]}</Text>}
      </div>
      {item.why === 'drawn' && <Purpose probability={item.sampling_probability} />}
      <WhenRead of={detail} lines={10}>
        {(answer) => <ItemContent detail={answer} chosen={chosen} onChoose={onChoose} />}
      </WhenRead>
    </article>
  );
}

function Purpose({ probability }: { probability: number | null }) {
  const one = probability === null || probability <= 0 ? null : Math.round(1 / probability);
  return (
    <p className={classes.purpose}>
      Control sample: drawn at random from everything, whatever the judge said
      {one !== null && `; it stands for about ${counted(one, 'exchange')}`}. What you find here is the only way to know
      what the judge misses.
    </p>
  );
}

function useReadAhead(state: TriageState): void {
  const api = useApi();
  const cache = useQueryClient();
  const next = state.items[state.at + 1]?.exchange.exchange_id;
  useEffect(() => {
    if (next !== undefined) void cache.prefetchQuery(answerOptions(api, 'read_exchange', askedItem(state, next)));
  }, [api, cache, next, state]);
}
