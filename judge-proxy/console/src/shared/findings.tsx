import { Text, UnstyledButton } from '@mantine/core';
import { IconMapPinOff, IconQuote } from '@tabler/icons-react';
import type { CriterionVerdict, RuleHit } from '../../../ledger/records.ts';
import { SeverityBadge } from './badges.tsx';
import { hitId, type Located, quoteId } from './conversation/locate.ts';
import classes from './findings.module.css';
import { TrafficText } from './traffic-text.tsx';

interface Props {
  readonly criteria: readonly CriterionVerdict[];
  readonly ruleHits: readonly RuleHit[];
  readonly located: Located;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

/** What rules and criteria found, each with the way to its place in the conversation. */
export function Findings({ criteria, ruleHits, located, chosen, onChoose }: Props) {
  const order = [...criteria].sort((a, b) => b.score - b.threshold - (a.score - a.threshold));
  const violated = order.filter(({ label }) => label === 'violation');
  const below = order.filter(({ label }) => label === 'pass');
  return (
    <div className={classes.findings}>
      {ruleHits.map((hit, index) => (
        <Hit
          // biome-ignore lint/suspicious/noArrayIndexKey: the index is the hit's identity, and the list never changes
          key={`${hit.rule} ${index}`}
          hit={hit}
          id={hitId(index)}
          isFound={located.findings.get(hitId(index))?.part !== null}
          isChosen={chosen === hitId(index)}
          onChoose={onChoose}
        />
      ))}
      {violated.map((criterion) => (
        <Criterion key={criterion.id} criterion={criterion} located={located} chosen={chosen} onChoose={onChoose} />
      ))}
      {below.length > 0 && (
        <section className={classes.finding} aria-label="Below their thresholds">
          <p className={classes.belowHead}>Below {below.length === 1 ? 'its threshold' : 'their thresholds'}</p>
          {below.map((criterion) => (
            <Below key={criterion.id} criterion={criterion} located={located} chosen={chosen} onChoose={onChoose} />
          ))}
        </section>
      )}
    </div>
  );
}

interface HitProps {
  readonly hit: RuleHit;
  readonly id: string;
  readonly isFound: boolean;
  readonly isChosen: boolean;
  readonly onChoose: (id: string) => void;
}

function Hit({ hit, id, isFound, isChosen, onChoose }: HitProps) {
  return (
    <section className={classes.finding} aria-label={`Rule ${hit.rule}`}>
      <div className={classes.head}>
        <span className={classes.name}>
          Rule <TrafficText text={hit.rule} />
        </span>
        <SeverityBadge severity={hit.severity} />
      </div>
      <Place id={id} isFound={isFound} isChosen={isChosen} onChoose={onChoose} place={hit.place}>
        <TrafficText text={hit.preview === '' ? '(erased)' : hit.preview} />
      </Place>
    </section>
  );
}

interface CriterionProps extends Omit<Props, 'criteria' | 'ruleHits'> {
  readonly criterion: CriterionVerdict;
}

function Criterion({ criterion, located, chosen, onChoose }: CriterionProps) {
  return (
    <section className={classes.finding} aria-label={`Criterion ${criterion.id}`}>
      <div className={classes.head}>
        <span className={classes.name}>
          <TrafficText text={criterion.id.replaceAll('_', ' ')} />
        </span>
        <SeverityBadge severity={criterion.severity} />
      </div>
      <ScoreBar score={criterion.score} threshold={criterion.threshold} violated />
      <Grounds criterion={criterion} located={located} chosen={chosen} onChoose={onChoose} />
    </section>
  );
}

/** A criterion that was not reached: its score, and on demand why. */
function Below({ criterion, located, chosen, onChoose }: CriterionProps) {
  return (
    <details className={classes.below}>
      <summary>
        <span className={classes.name}>
          <TrafficText text={criterion.id.replaceAll('_', ' ')} />
        </span>
        <ScoreBar score={criterion.score} threshold={criterion.threshold} violated={false} />
      </summary>
      <Grounds criterion={criterion} located={located} chosen={chosen} onChoose={onChoose} />
    </details>
  );
}

/** What the judge says for its score, and the words that it quotes. */
function Grounds({ criterion, located, chosen, onChoose }: CriterionProps) {
  return (
    <>
      {criterion.explanation !== '' && (
        <Text size="xs" component="div" className={classes.explanation}>
          <TrafficText text={criterion.explanation} />
        </Text>
      )}
      {criterion.evidence.map(({ place, quote }, index) => {
        const id = quoteId(criterion.id, index);
        return (
          <Place
            key={id}
            id={id}
            isFound={located.findings.get(id)?.part !== null}
            isChosen={chosen === id}
            onChoose={onChoose}
            place={place}
          >
            <TrafficText text={quote.length > 300 ? `${quote.slice(0, 300)}…` : quote} />
          </Place>
        );
      })}
    </>
  );
}

interface ScoreBarProps {
  readonly score: number;
  readonly threshold: number;
  readonly violated: boolean;
}

/** Score as a bar, with a line where the threshold is. */
function ScoreBar({ score, threshold, violated }: ScoreBarProps) {
  const label = `Score ${plain(score)}, threshold ${plain(threshold)}`;
  const most = Math.max(score, threshold) <= 1 ? 1 : HIGHEST_SCORE;
  return (
    <div className={classes.score} role="img" aria-label={label} title={label}>
      <div className={classes.track}>
        <div
          className={classes.bar}
          data-violated={violated || undefined}
          style={{ width: `${clamp(score / most) * 100}%` }}
        />
        <div className={classes.threshold} style={{ left: `${clamp(threshold / most) * 100}%` }} />
      </div>
      <span className={classes.number}>
        {plain(score)}
        <span className={classes.of}>
          {' '}
          {score >= threshold ? '≥' : '<'} {plain(threshold)}
        </span>
      </span>
    </div>
  );
}

interface PlaceProps {
  readonly id: string;
  readonly isFound: boolean;
  readonly isChosen: boolean;
  readonly onChoose: (id: string) => void;
  readonly place: string;
  readonly children: React.ReactNode;
}

function Place({ id, isFound, isChosen, onChoose, place, children }: PlaceProps) {
  const Sign = isFound ? IconQuote : IconMapPinOff;
  return (
    <UnstyledButton
      className={classes.quote}
      data-chosen={isChosen || undefined}
      aria-pressed={isChosen}
      disabled={!isFound}
      title={isFound ? `Show at ${place}` : 'These words are not in what is shown'}
      onClick={() => onChoose(id)}
    >
      <Sign size={13} aria-hidden />
      <span>
        {children}
        <span className={classes.at}>
          <TrafficText text={place} mono oneLine />
        </span>
      </span>
    </UnstyledButton>
  );
}

/** Of the longer scale that rubrics have (SCALES of judge/rubric.ts); the other one ends at 1. */
const HIGHEST_SCORE = 3;
const plain = (score: number) => (Number.isInteger(score) ? String(score) : score.toFixed(2));
const clamp = (value: number) => Math.max(0, Math.min(1, value));
