import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { TriageEvent, TriageState } from './triage.ts';

interface Props {
  readonly state: TriageState;
  readonly send: (event: TriageEvent) => void;
}

/** Labels that did not reach the ledger. The reviewer is not moved away: the next key is meant for what is on the screen. */
export function ProblemList({ state, send }: Props) {
  const { problems, loadProblem, items } = state;
  return (
    <div role="status" aria-live="assertive">
      {problems.map(({ exchangeId, what, text }) => (
        <Alert key={exchangeId} color="red" icon={<IconAlertTriangle />} mb="sm" title={TITLES[what]}>
          <Text size="sm">{text}</Text>
          <Group gap="xs" mt="xs">
            <Button size="xs" variant="default" onClick={() => send({ kind: 'went_to', exchangeId })}>
              Go to item {items.findIndex(({ exchange }) => exchange.exchange_id === exchangeId) + 1}
            </Button>
            <Button size="xs" variant="subtle" color="gray" onClick={() => send({ kind: 'problem_read', exchangeId })}>
              Dismiss
            </Button>
          </Group>
        </Alert>
      ))}
      {loadProblem !== null && items.length > 0 && (
        <Alert color="red" mb="sm" title="More items could not be read">
          <Text size="sm">{loadProblem}</Text>
          <Button size="xs" mt="xs" variant="default" onClick={() => send({ kind: 'load_again' })}>
            Try again
          </Button>
        </Alert>
      )}
    </div>
  );
}

const TITLES = {
  label: 'A label was not kept: the item is unlabelled again',
  withdraw: 'A label was not withdrawn: it still stands',
} as const;
