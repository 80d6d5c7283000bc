import '@mantine/charts/styles.css';
import { LineChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { Quality } from '../../../../contract/responses.ts';
import { formatDay } from '../../shared/format.ts';
import { percent, points } from './meaning.ts';

const SERIES = [
  { name: 'precision', label: 'Precision', color: 'var(--tone-high)' },
  { name: 'recall', label: 'Recall', color: 'var(--accent)', strokeDasharray: '6 4' },
  { name: 'kappa', label: 'κ', color: 'var(--tone-void)', strokeDasharray: '2 3' },
];

export function OverTime({ overTime }: { overTime: Quality['over_time'] }) {
  const data = points(overTime).map((point) => ({ ...point, week: formatDay(new Date(point.ts)) }));
  if (data.length < 2)
    return (
      <Text size="sm" c="dimmed">
        A line needs two weeks with labels.
      </Text>
    );
  const last = data.at(-1);
  const say = (value: number | null | undefined) =>
    value === null || value === undefined ? 'unknown' : percent(value);
  const summary = `Last week: precision ${say(last?.precision)}, recall ${say(last?.recall)}`;
  return (
    <figure style={{ margin: 0 }} aria-label={summary}>
      <LineChart
        h={220}
        data={data}
        dataKey="week"
        series={SERIES}
        withLegend
        connectNulls={false}
        yAxisProps={{ domain: [0, 1], tickFormatter: (value: number) => percent(value), width: 52 }}
        valueFormatter={(value) => value.toFixed(2)}
      />
    </figure>
  );
}
