import { Select, Switch } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { QueueName } from '../../../../ledger/acts.ts';
import { useAnswer } from '../../api/hooks.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { QUEUES_IN_WORDS } from '../../shared/words.ts';
import { QueueTabs } from './queue-tabs.tsx';
import { ReviewSession } from './review-session.tsx';
import { useTriageStore } from './triage-store.ts';

const OPINIONS = [
  { value: '1', label: 'Opinions: one' },
  { value: '2', label: 'Opinions: two' },
  { value: '3', label: 'Opinions: three' },
];

/** What waits for a person, one item at a time. */
export default function QueuePage() {
  const search = useSearch({ from: '/signed-in/queue' });
  const navigate = useNavigate({ from: '/queue' });
  const queue: QueueName = search.queue ?? 'severe';
  // A control sample that shows the judge's answer measures how persuasive the judge is. The other queues exist because
  // of what was said, so that they cannot be worked blind.
  const blind = queue === 'control' && search.blind !== 'false';
  const opinions = search.opinions === undefined ? undefined : Number(search.opinions);
  const counts = useAnswer('list_queues', { query: { opinions } });
  const store = useTriageStore({ queue, blind, opinions });
  const go = (changed: Partial<typeof search>) => void navigate({ search: { ...search, ...changed }, replace: true });
  return (
    <>
      <PageHeader title="Review queue" about={QUEUES_IN_WORDS[queue].hint}>
        <Select
          aria-label="People who look at each item"
          data={OPINIONS}
          placeholder="Opinions: default"
          value={search.opinions ?? null}
          onChange={(value) => go({ opinions: (value ?? undefined) as typeof search.opinions })}
          clearable
          w={165}
        />
        {queue === 'control' && (
          <Switch
            label="Blind"
            checked={blind}
            onChange={(event) => go({ blind: event.currentTarget.checked ? undefined : 'false' })}
          />
        )}
      </PageHeader>
      <QueueTabs queue={queue} counts={counts.data ?? []} onChange={(next) => go({ queue: next, blind: undefined })} />
      <WhenRead of={store}>
        {(session) => (
          <ReviewSession key={`${queue} ${blind} ${opinions}`} store={session} onRestart={() => void store.refetch()} />
        )}
      </WhenRead>
    </>
  );
}
