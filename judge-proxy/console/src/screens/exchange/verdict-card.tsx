import { Text } from '@mantine/core';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import type { Verdict } from '../../../../ledger/records.ts';
import type { Located } from '../../shared/conversation/locate.ts';
import { Findings } from '../../shared/findings.tsx';
import { formatTime } from '../../shared/format.ts';
import { ANSWERED, DECIDED, NOT_ASKED, STATES } from '../../shared/words.ts';
import classes from './exchange.module.css';
import { SideCard } from './side-card.tsx';

interface Props {
  readonly detail: ExchangeDetail;
  readonly located: Located;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

/** What the judge said, and on what grounds. */
export function VerdictCard({ detail, located, chosen, onChoose }: Props) {
  const verdict = detail.verdicts.at(-1);
  if (detail.blind) {
    return (
      <SideCard title="Verdict">
        <Text size="sm">Hidden while this exchange is reviewed blind.</Text>
      </SideCard>
    );
  }
  if (verdict === undefined) {
    return (
      <SideCard title="Verdict">
        <Text size="sm">{whyNone(detail)}</Text>
      </SideCard>
    );
  }
  const nothing = verdict.criteria.length === 0 && verdict.rule_hits.length === 0;
  return (
    <SideCard title="Verdict">
      <p className={classes.summary} data-state={toneOf(verdict)}>
        {sentence(verdict)}
      </p>
      {verdict.text_erased === true && (
        <Text size="xs" c="dimmed" mb="xs">
          Quotes and explanations were erased; scores stay.
        </Text>
      )}
      {nothing ? (
        <Text size="sm" c="dimmed">
          No rule matched and no criterion was scored.
        </Text>
      ) : (
        <Findings
          criteria={verdict.criteria}
          ruleHits={verdict.rule_hits}
          located={located}
          chosen={chosen}
          onChoose={onChoose}
        />
      )}
      {detail.verdicts.length > 1 && <Earlier verdicts={detail.verdicts.slice(0, -1)} />}
    </SideCard>
  );
}

/** A sentence that is never kinder than the verdict. */
function sentence(verdict: Verdict): string {
  const by = DECIDED[verdict.decided_by].label.toLowerCase();
  const { label, score } = verdict.overall;
  const scored = score === null ? '' : `, score ${score.toFixed(2)}`;
  if (label === 'violation') return `A violation, decided by ${by === 'model' ? 'the model' : `a ${by}`}${scored}.`;
  if (label === 'clean') return `The judge read all of it and found nothing${scored}.`;
  return `Undetermined: nobody may call this safe. ${STATES[verdict.state].hint}`;
}

function toneOf({ overall, state }: Verdict): string {
  if (overall.label === 'violation') return 'violation';
  if (overall.label === 'clean') return 'clean';
  return ANSWERED.has(state) || NOT_ASKED.has(state) ? 'void' : 'failed';
}

function whyNone({ row, job, opened }: ExchangeDetail): string {
  if (row.outcome === null) return 'The exchange goes on: it is judged when it ends.';
  if (job !== null) {
    const again = `Attempt ${job.attempt}, not before ${formatTime(job.not_before)}.`;
    return `It waits for the judge. ${job.attempt > 1 ? again : ''}`;
  }
  if (opened.judge === null) return 'Not judged: the route names no judge.';
  return 'Not judged. Coverage says why.';
}

function Earlier({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <details className={classes.details}>
      <summary>Before that</summary>
      <ul className={classes.plain}>
        {verdicts.map((verdict) => (
          <li key={verdict.verdict_id}>
            {formatTime(verdict.ts)}: {verdict.subject === 'request' ? 'on the request alone, ' : ''}
            {verdict.overall.label}, {STATES[verdict.state].label.toLowerCase()}
          </li>
        ))}
      </ul>
    </details>
  );
}
