/** Severity, verdict, coverage and action as tags. Green is reached in one way alone: the label `clean`. */

import {
  type Icon,
  IconAlertOctagon,
  IconAlertTriangle,
  IconArrowDownCircle,
  IconBan,
  IconCheck,
  IconCircle,
  IconCircleDashed,
  IconCircleHalf2,
  IconClock,
  IconEyeCheck,
  IconEyeOff,
  IconHandStop,
  IconHelpCircle,
  IconScissors,
  IconSend,
  IconX,
} from '@tabler/icons-react';
import type { HumanLabel } from '../../../ledger/acts.ts';
import type { Coverage, JudgeState, OverallLabel, Severity, VerdictAction } from '../../../ledger/records.ts';
import { Tag, type Tone } from './tag.tsx';
import { ACTIONS_TAKEN, ANSWERED, HUMAN, NOT_ASKED, REASONS, STATES } from './words.ts';

const SEVERITIES: Readonly<Record<Severity, { tone: Tone; icon: Icon; label: string }>> = {
  critical: { tone: 'critical', icon: IconAlertOctagon, label: 'Critical' },
  high: { tone: 'high', icon: IconAlertTriangle, label: 'High' },
  medium: { tone: 'medium', icon: IconCircleHalf2, label: 'Medium' },
  low: { tone: 'low', icon: IconArrowDownCircle, label: 'Low' },
  none: { tone: 'quiet', icon: IconCircle, label: 'None' },
};

export function SeverityBadge({ severity }: { severity: Severity }) {
  const { tone, icon, label } = SEVERITIES[severity];
  return <Tag tone={tone} icon={icon} label={label} />;
}

/** What a verdict shows: its label, and how the judging went where it did not go well. */
export interface ShownVerdict {
  readonly label: OverallLabel;
  readonly state: JudgeState;
  /** Of a violation; it is said with it where it is given. */
  readonly severity?: Severity;
}

/** Label of a verdict; null where there is none. A judge that failed or was not asked says so, in no colour of a pass. */
export function VerdictBadge({ verdict, pending = false }: { verdict: ShownVerdict | null; pending?: boolean }) {
  if (verdict === null) {
    if (pending) return <Tag tone="void" icon={IconClock} label="Waiting" hint="No verdict yet." />;
    return <Tag tone="void" icon={IconEyeOff} label="Not judged" hint="There is no verdict on this exchange." />;
  }
  switch (verdict.label) {
    case 'violation':
      return <Violation severity={verdict.severity} state={verdict.state} />;
    case 'clean':
      return <Tag tone="good" icon={IconCheck} label="Clean" hint="Judged in full, and nothing was found." />;
    case 'undetermined':
      return <Undetermined state={verdict.state} />;
    default:
      return verdict.label satisfies never;
  }
}

function Violation({ severity, state }: { severity: Severity | undefined; state: JudgeState }) {
  if (severity === undefined || severity === 'none') {
    return <Tag tone="high" icon={IconAlertTriangle} label="Violation" hint={STATES[state].hint} />;
  }
  const { tone, icon, label } = SEVERITIES[severity];
  return <Tag tone={tone} icon={icon} label={`${label} violation`} hint={STATES[state].hint} />;
}

function Undetermined({ state }: { state: JudgeState }) {
  const { label, hint } = STATES[state];
  if (ANSWERED.has(state)) return <Tag tone="void" icon={IconHelpCircle} label="Undetermined" hint={hint} />;
  if (NOT_ASKED.has(state)) return <Tag tone="void" icon={IconCircleDashed} label={label} hint={hint} />;
  return <Tag tone="medium" icon={IconX} label={label} hint={hint} />;
}

interface CoverageBadgeProps {
  /** null while the exchange is open. */
  readonly coverage: Coverage | null;
  /** Whether there is a verdict: until then nobody judged anything, however much can be read. */
  readonly judged?: boolean;
}

/** How much was judged. */
export function CoverageBadge({ coverage, judged = true }: CoverageBadgeProps) {
  if (coverage === null) return <Tag tone="quiet" icon={IconClock} label="Open" hint="The exchange goes on." />;
  if (!judged && coverage.level !== 'none') {
    return <Tag tone="void" icon={IconClock} label="Not yet" hint="There is no verdict so far." />;
  }
  const hint = coverage.reasons.map((reason) => REASONS[reason].hint).join(' ');
  switch (coverage.level) {
    case 'full':
      return <Tag tone="quiet" icon={IconEyeCheck} label="In full" hint="All of it was judged." />;
    case 'partial':
      return <Tag tone="medium" icon={IconCircleHalf2} label="In part" hint={hint} />;
    case 'none':
      return <Tag tone="void" icon={IconEyeOff} label="Not judged" hint={hint} />;
    default:
      return coverage.level satisfies never;
  }
}

const ACTION_SIGNS: Readonly<Record<VerdictAction, { tone: Tone; icon: Icon }>> = {
  allowed: { tone: 'quiet', icon: IconSend },
  would_block: { tone: 'medium', icon: IconHandStop },
  blocked: { tone: 'critical', icon: IconBan },
  cut: { tone: 'critical', icon: IconScissors },
};

export function ActionBadge({ action }: { action: VerdictAction }) {
  const { label, hint } = ACTIONS_TAKEN[action];
  return <Tag {...ACTION_SIGNS[action]} label={label} hint={hint} />;
}

const HUMAN_SIGNS: Readonly<Record<HumanLabel, { tone: Tone; icon: Icon }>> = {
  violation: { tone: 'high', icon: IconAlertTriangle },
  clean: { tone: 'good', icon: IconCheck },
  unsure: { tone: 'quiet', icon: IconHelpCircle },
  invalid: { tone: 'quiet', icon: IconX },
};

/** What a person said. */
export function HumanBadge({ label }: { label: HumanLabel }) {
  return <Tag {...HUMAN_SIGNS[label]} label={HUMAN[label].label} hint={HUMAN[label].hint} />;
}
