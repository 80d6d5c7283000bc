import { SimpleGrid } from '@mantine/core';
import type { Overview } from '../../../../ledger/read-model/rows.ts';
import type { Severity, VerdictAction } from '../../../../ledger/records.ts';
import { JUDGE_STATES } from '../../../../ledger/records.ts';
import type { Tone } from '../../shared/tag.tsx';
import { ACTIONS_TAKEN, ANSWERED, NOT_ASKED, STATES } from '../../shared/words.ts';
import { type BarRow, Bars } from './bars.tsx';
import { Card } from './card.tsx';
import type { LinkedPeriod } from './linked-period.ts';

/** From grave to harmless, in the words of the list's filter: each counts itself and the graver ones, as the list does. */
const SEVERITIES: readonly (readonly [Exclude<Severity, 'none'>, string])[] = [
  ['critical', 'Critical'],
  ['high', 'High and above'],
  ['medium', 'Medium and above'],
  ['low', 'Low and above'],
];
const ACTIONS: readonly (readonly [VerdictAction, Tone])[] = [
  ['blocked', 'critical'],
  ['cut', 'critical'],
  ['would_block', 'medium'],
  ['allowed', 'quiet'],
];

/** Verdicts by severity, by what was done, and by how the judging went. */
export function VerdictCards({ overview, period }: { overview: Overview; period: LinkedPeriod }) {
  const { by_severity, by_action, by_state, judged } = overview;
  const severities: BarRow[] = SEVERITIES.map(([severity, label], index) => ({
    key: severity,
    label,
    count: SEVERITIES.slice(0, index + 1).reduce((sum, [graver]) => sum + by_severity[graver], 0),
    tone: severity,
    search: { ...period, min_severity: severity },
  }));
  const actions: BarRow[] = ACTIONS.map(([action, tone]) => ({
    key: action,
    ...ACTIONS_TAKEN[action],
    count: by_action[action],
    tone,
    search: { ...period, action },
  }));
  const states: BarRow[] = JUDGE_STATES.flatMap((state) => {
    const count = by_state[state] ?? 0;
    if (count === 0) return [];
    const tone: Tone = ANSWERED.has(state) ? 'low' : NOT_ASKED.has(state) ? 'void' : 'medium';
    return [{ key: state, ...STATES[state], count, tone, search: { ...period, state } }];
  }).sort((a, b) => b.count - a.count);
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="md">
      <Card title="By severity" about="Of what the judge found, that grave or graver">
        <Bars rows={severities} of={judged} label="Verdicts by severity" />
      </Card>
      <Card title="By action" about="What was done with the exchange">
        <Bars rows={actions} of={judged} label="Verdicts by action" />
      </Card>
      <Card title="How the judging went" about="A failed or skipped judge is no pass">
        <Bars rows={states.slice(0, 8)} of={judged} label="Verdicts by state of the judge" />
      </Card>
    </SimpleGrid>
  );
}
