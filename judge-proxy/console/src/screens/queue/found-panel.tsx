import { Group, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useAnswer } from '../../api/hooks.ts';
import { ActionBadge, CoverageBadge, HumanBadge, VerdictBadge } from '../../shared/badges.tsx';
import { locate } from '../../shared/conversation/locate.ts';
import { Findings } from '../../shared/findings.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { askedItem } from './asked-item.ts';
import classes from './queue.module.css';
import type { TriageState } from './triage.ts';

interface Props {
  readonly id: string;
  readonly state: TriageState;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

/** What judge and others said. In blind mode nothing, since the server sends nothing; after asking, all of it. */
export function FoundPanel({ id, state, chosen, onChoose }: Props) {
  const detail = useAnswer('read_exchange', askedItem(state, id)).data;
  const verdict = detail?.verdicts.at(-1);
  const located = useMemo(
    () =>
      locate(detail?.conversation?.parts ?? [], {
        criteria: verdict?.criteria ?? [],
        rule_hits: verdict?.rule_hits ?? [],
      }),
    [detail, verdict],
  );
  if (detail === undefined) return null;
  if (detail.blind)
    return (
      <section className={classes.panel} aria-label="Verdict">
        <Text size="sm" fw={650}>
          Blind
        </Text>
        <Text size="xs" c="dimmed">
          The server does not send what the judge or others said. After your label you may ask for it.
        </Text>
      </section>
    );
  const mine = state.given.get(id);
  const labels = detail.labels.filter(({ stands, label }) => stands && label !== null);
  return (
    <section className={classes.panel} aria-label="Verdict">
      <Group gap={6} mb="xs">
        <VerdictBadge verdict={detail.row.verdict} pending={detail.job !== null} />
        {verdict !== undefined && <ActionBadge action={verdict.action} />}
        <CoverageBadge coverage={detail.row.coverage} />
      </Group>
      {state.blind && mine !== undefined && (
        <Text size="sm" mb="xs">
          {mine.label === detail.row.verdict?.label
            ? 'The judge agrees with you.'
            : 'The judge does not agree with you.'}
        </Text>
      )}
      {verdict !== undefined && (
        <Findings
          criteria={verdict.criteria}
          ruleHits={verdict.rule_hits}
          located={located}
          chosen={chosen}
          onChoose={onChoose}
        />
      )}
      {labels.length > 0 && (
        <>
          <Text size="xs" c="dimmed" mt="sm" mb={4}>
            Labels that stand
          </Text>
          {labels.map(({ label_id: labelId, reviewer, label, note }) => (
            <div key={labelId}>
              <Group gap={6}>
                <Text size="sm">{reviewer}</Text>
                {label !== null && <HumanBadge label={label} />}
              </Group>
              {note !== null && (
                <Text size="xs" component="div">
                  <TrafficText text={note} />
                </Text>
              )}
            </div>
          ))}
        </>
      )}
    </section>
  );
}
