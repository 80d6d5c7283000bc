import { Button, Group, NumberInput, Paper, Select, SimpleGrid, Text } from '@mantine/core';
import { IconCalculator, IconPlayerPlay } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { GivenBody } from '../../../../contract/endpoints.ts';
import { useAct } from '../../api/hooks.ts';
import { DateField, TextField } from '../exports/fields.tsx';
import { Hint } from '../policies/hint.tsx';
import { BoundField } from './bound-field.tsx';
import { EstimateView } from './estimate-view.tsx';
import { fieldsOf } from './job-words.ts';

type Asked = GivenBody<'estimate_replay'>;

interface Props {
  readonly judge: string;
  /** null: what is in force. */
  readonly policy: NonNullable<Asked['policy']> | null;
}

const DAY_MS = 86_400_000;
const LABELS = [
  { value: 'violation', label: 'Violation' },
  { value: 'undetermined', label: 'Undetermined' },
  { value: 'clean', label: 'Clean' },
];

/** What is to be judged again. It is estimated first; what is started is what was estimated. */
export function ReplayForm({ judge, policy }: Props) {
  const navigate = useNavigate();
  const [filter, setFilter] = useState<NonNullable<Asked['filter']>>(() => ({
    since: new Date(Date.now() - 7 * DAY_MS).toISOString(),
  }));
  const [most, setMost] = useState(1_000);
  const [bound, setBound] = useState<number | null>(null);
  const body = { judge, policy, filter, most } satisfies Asked;
  const key = JSON.stringify(body);
  const [estimated, setEstimated] = useState<string | null>(null);
  const estimate = useAct('estimate_replay', { onDone: () => setEstimated(key) });
  const start = useAct('start_replay', {
    changes: ['list_replays'],
    onDone: ({ job_id: id }) => void navigate({ to: '/replays/$id', params: { id } }),
  });
  // An estimate of something else than what stands in the form is none.
  const found = estimated === key ? estimate.data : undefined;
  const unit = found?.usd === null ? 'tokens' : 'usd';
  const change = (changed: Partial<typeof filter>) => setFilter({ ...filter, ...changed });
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Paper p="md" component="section" aria-label="Exchanges to be judged again">
        <SimpleGrid cols={2} spacing="sm">
          <DateField label="From" value={filter.since} onChange={(since) => change({ since })} />
          <DateField label="Until" value={filter.until} onChange={(until) => change({ until })} />
          <TextField label="Route" value={filter.route} onChange={(route) => change({ route })} />
          <TextField label="Client" value={filter.client} onChange={(client) => change({ client })} />
          <Select
            label="Label then"
            placeholder="all"
            clearable
            data={LABELS}
            value={filter.label ?? null}
            onChange={(label) => change({ label: (label ?? undefined) as typeof filter.label })}
          />
          <NumberInput
            label="At most, newest first"
            min={1}
            max={100_000}
            allowDecimal={false}
            value={most}
            onChange={(value) => setMost(Math.min(100_000, Math.max(1, Number(value) || 1)))}
          />
        </SimpleGrid>
        <Group justify="flex-end" mt="md">
          <Button
            variant={found === undefined ? 'filled' : 'default'}
            leftSection={<IconCalculator size={16} />}
            loading={estimate.isPending}
            onClick={() => estimate.mutate({ body })}
          >
            Estimate
          </Button>
        </Group>
      </Paper>
      <div aria-live="polite">
        {found === undefined ? (
          <Hint>A replay asks the model again, and that costs money. Estimate it first.</Hint>
        ) : (
          <Paper p="md" component="section" aria-label="Estimate">
            <EstimateView estimate={found} />
            <Group align="flex-end" justify="space-between" mt="md">
              <BoundField
                label="Stop at"
                description="Empty: at twice the estimate"
                unit={unit}
                value={bound}
                onChange={setBound}
              />
              <Button
                leftSection={<IconPlayerPlay size={16} />}
                loading={start.isPending}
                disabled={found.exchanges === 0}
                onClick={() =>
                  start.mutate({
                    body: {
                      ...body,
                      selection_hash: found.selection_hash,
                      ...fieldsOf(bound === null ? null : { unit, value: bound }),
                    },
                  })
                }
              >
                Start the replay
              </Button>
            </Group>
            {found.exchanges === 0 && (
              <Text size="xs" c="dimmed" mt="xs">
                Nothing fits the filter.
              </Text>
            )}
          </Paper>
        )}
      </div>
    </SimpleGrid>
  );
}
