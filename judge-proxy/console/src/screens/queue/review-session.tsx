import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { EmptyState } from '../../shared/empty-state.tsx';
import { ErrorState } from '../../shared/error-state.tsx';
import { useKeys } from '../../shared/keys.tsx';
import { FoundPanel } from './found-panel.tsx';
import { REVIEW_KEYS, type ReviewAct } from './keys.ts';
import { LabelPanel } from './label-panel.tsx';
import { ProblemList } from './problem-list.tsx';
import { ProgressPanel } from './progress-panel.tsx';
import classes from './queue.module.css';
import { ReviewItem } from './review-item.tsx';
import { SessionEnd } from './session-end.tsx';
import { SimilarDialog } from './similar-dialog.tsx';
import { current, onTheWay, type TriageEvent } from './triage.ts';
import type { TriageStore } from './triage-store.ts';

interface Props {
  readonly store: TriageStore;
  readonly onRestart: () => void;
}

/** Acts that the machine of triage.ts knows; the others are of the screen. */
const EVENTS: Partial<Record<ReviewAct['kind'], (act: ReviewAct) => TriageEvent | undefined>> = {
  next: () => ({ kind: 'moved', by: 1 }),
  previous: () => ({ kind: 'moved', by: -1 }),
  label: (act) => (act.kind === 'label' ? { kind: 'chose', label: act.label } : undefined),
  undo: () => ({ kind: 'undid' }),
  reveal: () => ({ kind: 'asked_verdict' }),
};

/** One item at a time, with the labels beside it. Every act is on a key and on a button. */
export function ReviewSession({ store, onRestart }: Props) {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const navigate = useNavigate();
  const note = useRef<HTMLTextAreaElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [similar, setSimilar] = useState(false);
  const item = current(state);
  const id = item?.exchange.exchange_id;

  const act = (what: ReviewAct): void => {
    const event = EVENTS[what.kind]?.(what);
    if (event !== undefined) store.send(event);
    else if (what.kind === 'note') note.current?.focus();
    else if (what.kind === 'similar') setSimilar(item !== undefined && state.queue !== 'control');
    // A blind item is not opened where its verdict stands.
    else if (what.kind === 'open' && id !== undefined && !state.blind)
      void navigate({ to: '/exchanges/$id', params: { id } });
  };
  useKeys(
    'Review',
    REVIEW_KEYS.filter((key) => key.act.kind !== 'help').map((key) => ({
      key: key.key,
      what: key.does,
      repeats: key.act.kind === 'next' || key.act.kind === 'previous',
      run: () => act(key.act),
    })),
  );
  // A label that is on its way when the window closes may be lost: the browser asks.
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: () => onTheWay(store.state()) > 0 });
  useEffect(() => {
    setChosen(null);
    if (id !== undefined) window.scrollTo({ top: 0 });
  }, [id]);

  if (state.loadProblem !== null && state.items.length === 0)
    return <ErrorState error={new Error(state.loadProblem)} onRetry={() => store.send({ kind: 'load_again' })} />;
  if (!state.loading && state.items.length === 0)
    return (
      <EmptyState title="Nothing waits here">
        Whatever belongs to this queue has your label or enough of others. New items come with the traffic.
      </EmptyState>
    );
  return (
    <div className={classes.session}>
      <div className={classes.item}>
        <ProblemList state={state} send={store.send} />
        {item !== undefined ? (
          <ReviewItem key={id} item={item} state={state} chosen={chosen} onChoose={setChosen} />
        ) : (
          <SessionEnd state={state} onRestart={onRestart} />
        )}
      </div>
      <aside className={classes.side} aria-label="Labels">
        <ProgressPanel state={state} act={act} />
        {item !== undefined && (
          <>
            <LabelPanel key={id} item={item} state={state} act={act} send={store.send} noteField={note} />
            <FoundPanel id={item.exchange.exchange_id} state={state} chosen={chosen} onChoose={setChosen} />
          </>
        )}
      </aside>
      {similar && item !== undefined && (
        <SimilarDialog item={item} send={store.send} queue={state.queue} onClose={() => setSimilar(false)} />
      )}
    </div>
  );
}
