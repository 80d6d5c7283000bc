import { SegmentedControl } from '@mantine/core';
import { type PeriodSearch, SPAN_NAMES, SPANS, type Span } from './period.ts';

interface Props {
  readonly search: PeriodSearch;
  readonly onChange: (last: Span) => void;
}

/** Hour, day, week, 30 days; and that the address names two times, where it does. */
export function PeriodSwitch({ search, onChange }: Props) {
  const isFixed = search.since !== undefined && search.until !== undefined;
  const data = SPANS.map((span) => ({ value: span as string, label: SPAN_NAMES[span] }));
  return (
    <SegmentedControl
      aria-label="Period"
      size="xs"
      value={isFixed ? 'fixed' : (search.last ?? '24h')}
      data={isFixed ? [...data, { value: 'fixed', label: 'Chosen times' }] : data}
      onChange={(value) => {
        const span = SPANS.find((one) => one === value);
        if (span !== undefined) onChange(span);
      }}
    />
  );
}
