import { Group, Progress, Table, Text } from '@mantine/core';
import { IconHeartbeat, IconPlugConnectedX, IconRefreshAlert, IconRobotOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { JudgeRow } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { formatShare, formatUsd } from '../../shared/format.ts';
import { Tag } from '../../shared/tag.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { MODES_IN_WORDS } from '../../shared/words.ts';
import { Card } from './card.tsx';

const REFRESH_MS = 15_000;

/** Judges, whether their models answer, and what they spent. */
export function JudgesCard() {
  const judges = useAnswer('list_judges', {}, { refetchInterval: REFRESH_MS });
  return (
    <Card title="Judges" about="Whether their models answer, and what they spend">
      <WhenRead of={judges} lines={2}>
        {(rows) => (
          <Table.ScrollContainer minWidth={760}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Judge</Table.Th>
                  <Table.Th>Model</Table.Th>
                  <Table.Th>Health</Table.Th>
                  <Table.Th>Policy</Table.Th>
                  <Table.Th>Routes</Table.Th>
                  <Table.Th>Spent today</Table.Th>
                  <Table.Th>This month</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((judge) => (
                  <Judge key={judge.name} judge={judge} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </WhenRead>
    </Card>
  );
}

function Judge({ judge }: { judge: JudgeRow }) {
  const { day_usd, month_usd } = judge.spent;
  return (
    <Table.Tr>
      <Table.Td fw={600}>{judge.name}</Table.Td>
      <Table.Td>
        {judge.model?.name ?? '—'}
        {judge.small_model !== null && (
          <Text size="xs" c="dimmed">
            first {judge.small_model.name}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Health of={judge.model} />
      </Table.Td>
      <Table.Td>
        <Link to="/policies/$judge" params={{ judge: judge.name }}>
          {judge.rubric_name}
        </Link>
        <Text size="xs" c="dimmed">
          {judge.policy_version === 0 ? 'as in the file' : `version ${judge.policy_version}`}
        </Text>
      </Table.Td>
      <Table.Td>
        {judge.routes.map(({ name, mode, sampling }) => (
          <Text size="xs" key={name}>
            {name}: {modeName(mode)}
            {sampling < 1 && `, ${formatShare(sampling)} sampled`}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <Spent usd={day_usd} of={budgetOf(judge.budget, 'day_usd')} />
      </Table.Td>
      <Table.Td>
        <Spent usd={month_usd} of={budgetOf(judge.budget, 'month_usd')} />
      </Table.Td>
    </Table.Tr>
  );
}

function Health({ of }: { of: JudgeRow['model'] }) {
  if (of === null) {
    return (
      <Tag tone="void" icon={IconRobotOff} label="Rules only" hint="This judge has no model: rules alone judge." />
    );
  }
  switch (of.breaker) {
    case 'closed':
      return <Tag tone="low" icon={IconHeartbeat} label="Answers" hint="The model is asked." />;
    case 'half_open':
      return (
        <Tag tone="medium" icon={IconRefreshAlert} label="Tried again" hint="It failed; one question probes it." />
      );
    case 'open':
      return (
        <Tag
          tone="critical"
          icon={IconPlugConnectedX}
          label="Left alone"
          hint="It failed too often and is not asked."
        />
      );
    default:
      return of.breaker satisfies never;
  }
}

function Spent({ usd, of }: { usd: number; of: number | null }) {
  if (of === null) return formatUsd(usd);
  const share = Math.min(1, usd / of);
  return (
    <div>
      <Group gap={4}>
        <Text size="sm">{formatUsd(usd)}</Text>
        <Text size="xs" c="dimmed">
          of {formatUsd(of)}
        </Text>
      </Group>
      <Progress
        aria-label={`${formatShare(share)} of the budget`}
        size={4}
        value={share * 100}
        color={share < 0.8 ? 'ink' : 'orange'}
      />
    </div>
  );
}

/** A sum of the budget, in whichever shape the config has it. */
function budgetOf(budget: unknown, key: string): number | null {
  if (typeof budget !== 'object' || budget === null) return null;
  const value = (budget as Record<string, unknown>)[key];
  return typeof value === 'number' && value > 0 ? value : null;
}

function modeName(mode: string): string {
  return mode in MODES_IN_WORDS ? MODES_IN_WORDS[mode as keyof typeof MODES_IN_WORDS].label.toLowerCase() : mode;
}
