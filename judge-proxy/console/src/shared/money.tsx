import { Tooltip } from '@mantine/core';
import { formatUsd } from './format.ts';

/** US dollars; null where a price is not known. */
export function Money({ usd }: { usd: number | null }) {
  if (usd !== null) return <span>{formatUsd(usd)}</span>;
  return (
    <Tooltip label="The price of this model is not configured">
      <span>—</span>
    </Tooltip>
  );
}
