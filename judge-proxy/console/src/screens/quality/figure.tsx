import { Paper, Text } from '@mantine/core';
import type { Agreement, Rate } from '../../../../contract/responses.ts';
import { type Meaning, percent } from './meaning.ts';
import classes from './quality.module.css';

type Props = {
  readonly name: string;
  readonly meaning: Meaning;
  /** Another figure that belongs beside it. */
  readonly beside?: string;
} & ({ readonly rate: Rate; readonly agreement?: never } | { readonly agreement: Agreement; readonly rate?: never });

/** One figure with what it means. One that too few cases bear is not shown as a number at all. */
export function Figure({ name, meaning, beside, rate, agreement }: Props) {
  const value = meaning.weight === 'none' ? null : shown(rate, agreement);
  return (
    <Paper p="md" component="section" aria-label={name} data-weight={meaning.weight}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <p className={classes.figure} data-weight={meaning.weight}>
        {value ?? '—'}
        {value !== null && meaning.weight === 'rough' && <span className={classes.rough}>rough</span>}
      </p>
      {value !== null && rate !== undefined && <Interval rate={rate} />}
      <Text size="xs">{meaning.sentence}</Text>
      {beside !== undefined && (
        <Text size="xs" c="dimmed" mt={4}>
          {beside}
        </Text>
      )}
    </Paper>
  );
}

function shown(rate: Rate | undefined, agreement: Agreement | undefined): string | null {
  if (rate !== undefined) return rate.value === null ? null : percent(rate.value);
  const kappa = agreement?.kappa ?? null;
  return kappa === null ? null : kappa.toFixed(2);
}

/** The interval as a band on a line from 0 to 100 %, with the value on it. */
function Interval({ rate: { value, low, high, of } }: { rate: Rate }) {
  if (value === null || low === null || high === null) return null;
  const label = `${percent(value)}, 95 % interval ${percent(low)} to ${percent(high)}, of ${of}`;
  return (
    <div className={classes.interval} role="img" aria-label={label}>
      <div className={classes.band} style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
      <div className={classes.point} style={{ left: `${value * 100}%` }} />
    </div>
  );
}
