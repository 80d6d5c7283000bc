import { AreaChart } from '@mantine/charts';
import { SegmentedControl, Table } from '@mantine/core';
import { useState } from 'react';
import type { OverviewPoint } from '../../../../ledger/read-model/rows.ts';
import { formatCount, formatTime, formatUsd } from '../../shared/format.ts';
import { Card } from './card.tsx';
import classes from './overview.module.css';

const SERIES = [
  { name: 'exchanges', label: 'Exchanges', color: 'var(--accent)' },
  { name: 'not_judged', label: 'Not judged', color: 'var(--tone-void)', strokeDasharray: '5 4' },
  { name: 'undetermined', label: 'Undetermined', color: 'var(--tone-medium)', strokeDasharray: '2 3' },
  { name: 'violations', label: 'Violations', color: 'var(--tone-high)' },
  { name: 'stopped', label: 'Stopped', color: 'var(--tone-critical)' },
];

/** Exchanges and findings over time, as a chart or as the table of its numbers. */
export function TimeChart({ points }: { points: readonly OverviewPoint[] }) {
  const [shape, setShape] = useState('chart');
  return (
    <Card
      title="Over time"
      about="Exchanges, and what was found or not judged among them"
      right={
        <SegmentedControl
          aria-label="Show as"
          size="xs"
          value={shape}
          onChange={setShape}
          data={[
            { value: 'chart', label: 'Chart' },
            { value: 'table', label: 'Table' },
          ]}
        />
      }
    >
      {shape === 'chart' ? <Chart points={points} /> : <Numbers points={points} />}
    </Card>
  );
}

function Chart({ points }: { points: readonly OverviewPoint[] }) {
  const data = points.map((point) => ({ ...point, time: shortTime(point.ts, points) }));
  return (
    <div role="img" aria-label="Chart of exchanges over time; the same numbers are in the table">
      <AreaChart
        h={290}
        data={data}
        dataKey="time"
        series={SERIES}
        curveType="monotone"
        withDots={false}
        withLegend
        legendProps={{ verticalAlign: 'top', height: 36 }}
        fillOpacity={0.12}
        strokeWidth={1.75}
        gridAxis="x"
        tickLine="none"
        valueFormatter={formatCount}
        areaChartProps={{ accessibilityLayer: false, margin: { left: -8, right: 8 } }}
        areaProps={{ isAnimationActive: false }}
        xAxisProps={{ minTickGap: 44, interval: 'preserveStartEnd' }}
        yAxisProps={{ allowDecimals: false, width: 44 }}
      />
    </div>
  );
}

/** The steps of a day or less are told by the clock, longer ones by the date. */
function shortTime(ts: string, points: readonly OverviewPoint[]): string {
  const span = Date.parse(points.at(-1)?.ts ?? ts) - Date.parse(points[0]?.ts ?? ts);
  const whole = formatTime(ts);
  return span <= 86_400_000 ? whole.slice(11, 16) : whole.slice(5, 16);
}

function Numbers({ points }: { points: readonly OverviewPoint[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by key (axe: scrollable-region-focusable)
    <section className={classes.numbers} tabIndex={0} aria-label="Numbers over time">
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>From</Table.Th>
            {SERIES.map(({ name, label }) => (
              <Table.Th key={name} ta="right">
                {label}
              </Table.Th>
            ))}
            <Table.Th ta="right">Judging</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {[...points].reverse().map((point) => (
            <Table.Tr key={point.ts}>
              <Table.Td>{formatTime(point.ts)}</Table.Td>
              <Table.Td ta="right">{formatCount(point.exchanges)}</Table.Td>
              <Table.Td ta="right">{formatCount(point.not_judged)}</Table.Td>
              <Table.Td ta="right">{formatCount(point.undetermined)}</Table.Td>
              <Table.Td ta="right">{formatCount(point.violations)}</Table.Td>
              <Table.Td ta="right">{formatCount(point.stopped)}</Table.Td>
              <Table.Td ta="right">{formatUsd(point.judging_usd)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
