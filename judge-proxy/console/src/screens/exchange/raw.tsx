import { Button, CopyButton, Group, Text } from '@mantine/core';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import { TrafficText } from '../../shared/traffic-text.tsx';
import classes from './exchange.module.css';

/** More than this is copied, not drawn. */
const MOST_DRAWN = 200_000;

/** What the server knows of the exchange, as JSON text. */
export function Raw({ detail }: { detail: ExchangeDetail }) {
  const text = JSON.stringify(detail, null, 2);
  return (
    <div className={classes.raw}>
      <Group justify="space-between" mb="xs">
        <Text size="xs" c="dimmed">
          As the API answers it{text.length > MOST_DRAWN && '; the beginning'}
        </Text>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy all'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by key */}
      <section className={classes.json} tabIndex={0} aria-label="Raw record">
        <TrafficText text={text.slice(0, MOST_DRAWN)} mono />
      </section>
    </div>
  );
}
