import { NumberInput } from '@mantine/core';
import type { Bound } from './job-words.ts';

interface Props {
  readonly label: string;
  readonly description: string;
  readonly unit: Bound['unit'];
  /** null: nothing was entered. */
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
}

/** What a replay may spend: dollars, or tokens where a price is not known. */
export function BoundField({ unit, value, onChange, ...rest }: Props) {
  return (
    <NumberInput
      {...rest}
      {...(unit === 'usd'
        ? { prefix: '$', min: 0.01, decimalScale: 4 }
        : { suffix: ' tokens', min: 1, decimalScale: 0 })}
      thousandSeparator=","
      w={220}
      value={value ?? ''}
      onChange={(entered) => onChange(entered === '' || Number(entered) <= 0 ? null : Number(entered))}
    />
  );
}
