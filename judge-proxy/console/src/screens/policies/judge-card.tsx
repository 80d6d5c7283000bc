import { Button, Code, Group, Paper, Table, Text, Title } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed, IconFileText, IconPencil, IconPlugConnectedX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { JudgeRow, PolicySummary } from '../../../../contract/responses.ts';
import { counted, formatShare, formatUsd } from '../../shared/format.ts';
import { Tag } from '../../shared/tag.tsx';
import classes from './policies.module.css';

interface Props {
  readonly judge: JudgeRow;
  readonly versions: readonly PolicySummary[];
}

export function JudgeCard({ judge, versions }: Props) {
  const draft = versions.find(({ state }) => state === 'draft');
  const published = versions.filter(({ state }) => state === 'published' || state === 'retired').length;
  return (
    <Paper p="md" component="article" aria-label={`Judge ${judge.name}`}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Title order={2} size="1rem">
            <Link to="/policies/$judge" params={{ judge: judge.name }}>
              {judge.name}
            </Link>
          </Title>
          <Text size="sm" c="dimmed">
            Rubric {judge.rubric_name},{' '}
            {judge.policy_version === 0 ? 'from the file' : `version ${judge.policy_version}`}
            {published > 0 && `, ${published} published`} · <Code title={judge.hash}>{judge.hash.slice(0, 8)}</Code>
          </Text>
        </div>
        <Group gap="xs" wrap="nowrap">
          {draft !== undefined && <Tag tone="medium" icon={IconPencil} label="Draft" hint={`By ${draft.author}.`} />}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFileText size={15} />}
            renderRoot={(props) => <Link to="/policies/$judge" params={{ judge: judge.name }} {...props} />}
          >
            Open
          </Button>
        </Group>
      </Group>
      <dl className={classes.facts}>
        <dt>Rules</dt>
        <dd>{judge.rules.length === 0 ? 'none' : judge.rules.join(', ')}</dd>
        {judge.small_model !== null && (
          <>
            <dt>Small model, first</dt>
            <dd>
              <Model model={judge.small_model} />
            </dd>
          </>
        )}
        <dt>Model</dt>
        <dd>{judge.model === null ? 'none: rules alone judge' : <Model model={judge.model} />}</dd>
        <dt>Spent</dt>
        <dd>
          {formatUsd(judge.spent.day_usd)} today, {formatUsd(judge.spent.month_usd)} this month (
          {counted(judge.spent.month_tokens, 'token')})
          <Budget budget={judge.budget} />
        </dd>
        <dt>Shadow</dt>
        <dd>
          {judge.shadow === null
            ? 'none'
            : `${judge.shadow.judge}, on ${formatShare(judge.shadow.sampling)} of exchanges`}
        </dd>
      </dl>
      {judge.routes.length > 0 && (
        <Table verticalSpacing={4} fz="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Route</Table.Th>
              <Table.Th>Mode</Table.Th>
              <Table.Th>If the judge fails</Table.Th>
              <Table.Th ta="right">Sampling</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {judge.routes.map((route) => (
              <Table.Tr key={route.name}>
                <Table.Td>{route.name}</Table.Td>
                <Table.Td>{route.mode}</Table.Td>
                <Table.Td>{route.on_judge_failure}</Table.Td>
                <Table.Td ta="right">{formatShare(route.sampling)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Paper>
  );
}

/** A closed breaker lets calls through; it says nothing about the answers. */
const BREAKERS = {
  closed: {
    tone: 'quiet',
    icon: IconCircleCheck,
    label: 'Reachable',
    hint: 'The breaker is closed: the model is asked.',
  },
  half_open: { tone: 'medium', icon: IconCircleDashed, label: 'Probing', hint: 'One call at a time tries it.' },
  open: {
    tone: 'critical',
    icon: IconPlugConnectedX,
    label: 'Not asked',
    hint: 'It failed too often: the breaker is open and exchanges are not judged by it.',
  },
} as const;

function Model({ model }: { model: NonNullable<JudgeRow['model']> }) {
  return (
    <Group gap={8}>
      {model.name} <Tag {...BREAKERS[model.breaker]} />
    </Group>
  );
}

/** Limits as the configuration names them; which there are is its matter. */
function Budget({ budget }: { budget: unknown }) {
  if (typeof budget !== 'object' || budget === null) return null;
  const limits = Object.entries(budget).filter(([, value]) => typeof value === 'number' || typeof value === 'string');
  if (limits.length === 0) return null;
  const text = limits.map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`).join(', ');
  return (
    <Text size="xs" c="dimmed">
      Budget: {text}
    </Text>
  );
}
