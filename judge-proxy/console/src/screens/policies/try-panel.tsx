import { Button, Group, Paper, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconArrowRight, IconPlayerPlay } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { PolicyTry } from '../../../../contract/responses.ts';
import type { CriterionVerdict, NewVerdict } from '../../../../ledger/records.ts';
import { useAct, useAnswer } from '../../api/hooks.ts';
import { ActionBadge, VerdictBadge } from '../../shared/badges.tsx';
import { ErrorState } from '../../shared/error-state.tsx';
import { Money } from '../../shared/money.tsx';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { ChangeBadge } from './change-badge.tsx';
import { Hint } from './hint.tsx';
import classes from './try-panel.module.css';

const RECENT = 12;

/** The text of the page on one recorded exchange: what was said then, and what would be said now. */
export function TryPanel({ judge, yaml }: { judge: string; yaml: string }) {
  const { exchange = '' } = useSearch({ from: '/signed-in/policies/$judge' });
  const navigate = useNavigate({ from: '/policies/$judge' });
  const [id, setId] = useState(exchange);
  const recent = useAnswer('list_exchanges', { query: { judged: 'true', limit: RECENT } });
  const attempt = useAct('try_policy', { quiet: true });
  const run = () => {
    void navigate({ search: (was) => ({ ...was, exchange: id }), replace: true });
    attempt.mutate({ params: { judge }, body: { yaml, exchange_id: id.trim() } });
  };
  return (
    <div className={classes.try}>
      <Paper p="md" component="section" aria-label="Exchange to try on">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            run();
          }}
        >
          <Group align="flex-end" gap="xs" wrap="nowrap">
            <TextInput
              label="Id of an exchange"
              style={{ flex: 1 }}
              value={id}
              autoComplete="off"
              spellCheck={false}
              maxLength={64}
              onChange={(event) => setId(event.currentTarget.value)}
            />
            <Button
              type="submit"
              leftSection={<IconPlayerPlay size={15} />}
              loading={attempt.isPending}
              disabled={id.trim().length < 6}
            >
              Try
            </Button>
          </Group>
        </form>
        <Text size="xs" c="dimmed" mt="md" mb={4}>
          Or one of the latest
        </Text>
        <ul className={classes.recent}>
          {(recent.data?.items ?? []).map((row) => (
            <li key={row.exchange_id}>
              <UnstyledButton
                className={classes.pick}
                aria-pressed={row.exchange_id === id}
                onClick={() => setId(row.exchange_id)}
              >
                <TrafficText text={row.preview ?? row.path} oneLine />
                <span className={classes.pickFoot}>
                  <VerdictBadge verdict={row.verdict} /> <Time ts={row.ts} />
                </span>
              </UnstyledButton>
            </li>
          ))}
        </ul>
      </Paper>
      <div aria-live="polite">
        {attempt.isPending && <Text size="sm">The judge is asked…</Text>}
        {attempt.error !== null && <ErrorState error={attempt.error} />}
        {attempt.data !== undefined && !attempt.isPending && <Outcome tried={attempt.data} />}
        {attempt.isIdle && (
          <Hint>
            Choose an exchange. The judge is asked with the text of this page, saved or not; nothing is recorded but
            what it cost.
          </Hint>
        )}
      </div>
    </div>
  );
}

function Outcome({ tried: { before, after, change, usd } }: { tried: PolicyTry }) {
  const ids = [...new Set([...(before?.criteria ?? []), ...after.criteria].map(({ id }) => id))];
  const of = (list: readonly CriterionVerdict[] | undefined, id: string) => list?.find((one) => one.id === id);
  return (
    <Paper p="md" component="section" aria-label="Before and after">
      <Group justify="space-between" mb="sm">
        <ChangeBadge change={change} />
        <Text size="xs" c="dimmed">
          <Link to="/exchanges/$id" params={{ id: after.exchange_id }}>
            Open the exchange
          </Link>
          {' · '}cost <Money usd={usd} />
        </Text>
      </Group>
      <div className={classes.sides}>
        <Side name="Then" verdict={before} />
        <IconArrowRight size={18} aria-hidden />
        <Side name="With this text" verdict={after} />
      </div>
      <Table mt="md" fz="sm" verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Criterion</Table.Th>
            <Table.Th ta="right">Then</Table.Th>
            <Table.Th ta="right">Now</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ids.map((id) => {
            const [was, is] = [of(before?.criteria, id), of(after.criteria, id)];
            return (
              <Table.Tr key={id} data-changed={was?.label !== is?.label || undefined}>
                <Table.Td>
                  <TrafficText text={id.replaceAll('_', ' ')} />
                </Table.Td>
                <Table.Td ta="right">{scoreOf(was)}</Table.Td>
                <Table.Td ta="right" fw={was?.label === is?.label ? 400 : 650}>
                  {scoreOf(is)}
                </Table.Td>
                <Table.Td maw={380}>{is !== undefined && <TrafficText text={is.explanation} />}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function scoreOf(criterion: CriterionVerdict | undefined): string {
  return criterion === undefined ? 'not asked' : `${criterion.score} of ${criterion.threshold}`;
}

type Shown = Pick<NewVerdict, 'overall' | 'state' | 'action'>;

function Side({ name, verdict }: { name: string; verdict: Shown | null }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>
        {name}
      </Text>
      <Group gap={6}>
        <VerdictBadge verdict={verdict === null ? null : { ...verdict.overall, state: verdict.state }} />
        {verdict !== null && <ActionBadge action={verdict.action} />}
      </Group>
    </div>
  );
}
