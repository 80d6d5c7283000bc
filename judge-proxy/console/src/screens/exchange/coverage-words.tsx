import { Text } from '@mantine/core';
import type { Coverage } from '../../../../ledger/records.ts';
import { CoverageBadge } from '../../shared/badges.tsx';
import { REASONS } from '../../shared/words.ts';
import classes from './exchange.module.css';
import { SideCard } from './side-card.tsx';

const LEVELS = {
  full: 'All that was said was judged.',
  partial: 'A part of it was judged. The rest was not, because:',
  none: 'None of it was judged, because:',
} as const;

/** How much was judged, and in words why not the rest. */
export function CoverageWords({ coverage, judged }: { coverage: Coverage | null; judged: boolean }) {
  return (
    <SideCard title="Coverage">
      <div className={classes.inline}>
        <CoverageBadge coverage={coverage} judged={judged} />
        <Text size="sm">{levelInWords(coverage, judged)}</Text>
      </div>
      {coverage !== null && coverage.reasons.length > 0 && (
        <ul className={classes.reasons}>
          {coverage.reasons.map((reason) => (
            <li key={reason}>
              <strong>{REASONS[reason].label}.</strong> {REASONS[reason].hint}
            </li>
          ))}
        </ul>
      )}
    </SideCard>
  );
}

function levelInWords(coverage: Coverage | null, judged: boolean): string {
  if (coverage === null) return 'It is known when the exchange ends.';
  if (!judged && coverage.level === 'full') return 'None of it was judged so far.';
  return judged || coverage.level === 'none'
    ? LEVELS[coverage.level]
    : 'None of it was judged so far. What could not be read:';
}
