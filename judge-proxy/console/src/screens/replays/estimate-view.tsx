import { Text } from '@mantine/core';
import type { ReplayEstimate } from '../../../../contract/responses.ts';
import { counted, formatCount, formatUsd } from '../../shared/format.ts';
import { Money } from '../../shared/money.tsx';
import classes from './replays.module.css';

export function EstimateView({ estimate }: { estimate: ReplayEstimate }) {
  return (
    <>
      <p className={classes.cost}>{costOf(estimate)}</p>
      <dl className={classes.facts}>
        <dt>Exchanges</dt>
        <dd>{formatCount(estimate.exchanges)}</dd>
        <dt>The model is asked for</dt>
        <dd>{formatCount(estimate.to_ask)}</dd>
        <dt>Decided without it</dt>
        <dd>{formatCount(estimate.no_model)}</dd>
        <dt>Cannot be judged again</dt>
        <dd>{formatCount(estimate.unusable)}</dd>
      </dl>
      {estimate.models.map(({ name, tokens, usd }) => (
        <Text size="xs" c="dimmed" key={name} component="div">
          {name}: about {counted(tokens.in, 'token')} in, {formatCount(tokens.out)} out, <Money usd={usd} />
        </Text>
      ))}
    </>
  );
}

function costOf({ usd, to_ask: toAsk }: ReplayEstimate): string {
  if (toAsk === 0) return 'Nothing is asked: it costs nothing';
  if (usd === null) return 'The price of the model is not configured';
  return usd.least === usd.most ? `About ${formatUsd(usd.most)}` : `${formatUsd(usd.least)} to ${formatUsd(usd.most)}`;
}
