import { Button, Group, Text } from '@mantine/core';
import { IconArrowBackUp, IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { counted } from '../../shared/format.ts';
import type { ReviewAct } from './keys.ts';
import classes from './queue.module.css';
import { done, onTheWay, type TriageState } from './triage.ts';

/** More dots than this say nothing more. */
const MOST_DOTS = 100;

interface Props {
  readonly state: TriageState;
  readonly act: (what: ReviewAct) => void;
}

/** Where the reviewer stands, and the way back. */
export function ProgressPanel({ state, act }: Props) {
  const { items, at, next, given, problems } = state;
  const total = `${items.length}${next === null ? '' : '+'}`;
  const sending = onTheWay(state);
  const from = Math.max(0, Math.min(at - MOST_DOTS / 2, items.length - MOST_DOTS));
  return (
    <section className={classes.panel} aria-label="Progress">
      <Group justify="space-between" mb={6}>
        <Text size="sm" fw={650}>
          {at < items.length
            ? `Item ${at + 1} of ${total}`
            : `Seen: ${next === null ? counted(items.length, 'item') : `${total} items`}`}
        </Text>
        <Text size="xs" c="dimmed" role="status" data-testid="saved">
          {done(state)} labelled{sending > 0 && `, ${sending} being kept`}
        </Text>
      </Group>
      <div className={classes.strip} aria-hidden>
        {items.slice(from, from + MOST_DOTS).map(({ exchange: { exchange_id: id } }, index) => (
          <span
            key={id}
            className={classes.dot}
            data-phase={given.get(id)?.phase}
            data-problem={problems.some(({ exchangeId }) => exchangeId === id) || undefined}
            aria-current={from + index === at}
          />
        ))}
      </div>
      <Group gap={6} mt="sm" grow preventGrowOverflow={false}>
        <Button
          size="xs"
          px={6}
          variant="default"
          leftSection={<IconChevronLeft size={14} />}
          disabled={at === 0}
          onClick={() => act({ kind: 'previous' })}
        >
          Previous
        </Button>
        <Button
          size="xs"
          px={6}
          variant="default"
          rightSection={<IconChevronRight size={14} />}
          disabled={at >= items.length}
          onClick={() => act({ kind: 'next' })}
        >
          Next
        </Button>
        <Button
          size="xs"
          px={6}
          variant="default"
          leftSection={<IconArrowBackUp size={14} />}
          disabled={state.history.length === 0}
          onClick={() => act({ kind: 'undo' })}
        >
          Undo
        </Button>
      </Group>
    </section>
  );
}
