import { Code, Paper, SimpleGrid, Text, Title } from '@mantine/core';
import type { ShadowAgreement } from '../../../../ledger/read-model/rows.ts';
import type { OverallLabel } from '../../../../ledger/records.ts';
import { useAnswer } from '../../api/hooks.ts';
import { counted, formatCount, formatShare } from '../../shared/format.ts';
import { usePeriod } from '../../shared/period.ts';
import classes from './policies.module.css';

const LABELS = ['violation', 'clean', 'undetermined'] as const satisfies readonly OverallLabel[];

/** How judges and their shadows agree, over 30 days. Not shown where no judge has a shadow. */
export function ShadowPanel() {
  const period = usePeriod({ last: '30d' });
  const shadows = useAnswer('shadow_agreement', { query: period }, { keepPrevious: true });
  if (shadows.data === undefined || shadows.data.length === 0) return null;
  return (
    <Paper p="md" component="section" aria-label="Shadow judges">
      <Title order={2} size="1rem">
        Shadow judges
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        A second judge on the same recorded exchanges, of the last 30 days. Its verdicts decide nothing.
      </Text>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        {shadows.data.map((pair) => (
          <Matrix key={`${pair.judge} ${pair.shadow} ${pair.shadow_hash}`} pair={pair} />
        ))}
      </SimpleGrid>
    </Paper>
  );
}

function Matrix({ pair }: { pair: ShadowAgreement }) {
  const all = pair.pairs.reduce((sum, { count }) => sum + count, 0);
  const same = pair.pairs.reduce((sum, one) => sum + (one.label === one.shadow_label ? one.count : 0), 0);
  const count = (label: OverallLabel, shadow: OverallLabel) =>
    pair.pairs.find((one) => one.label === label && one.shadow_label === shadow)?.count ?? 0;
  return (
    <div>
      <Text size="sm" fw={600}>
        {pair.judge} and {pair.shadow} <Code title={pair.shadow_hash}>{pair.shadow_hash.slice(0, 8)}</Code>
      </Text>
      <Text size="sm" mb={6}>
        {all === 0
          ? 'Nothing in common yet.'
          : `The same label on ${formatShare(same / all)} of ${counted(all, 'exchange')}.`}
        {pair.shadow_failed > 0 && ` The shadow failed ${counted(pair.shadow_failed, 'time')}.`}
      </Text>
      <table className={classes.shadow}>
        <thead>
          <tr>
            <td />
            {LABELS.map((label) => (
              <th key={label} scope="col">
                shadow: {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {LABELS.map((label) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {LABELS.map((shadow) => (
                <td key={shadow} data-same={label === shadow || undefined}>
                  {formatCount(count(label, shadow))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
