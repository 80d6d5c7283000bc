import { Text } from '@mantine/core';
import { useMemo } from 'react';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import { Conversation } from '../../shared/conversation/conversation.tsx';
import { locate } from '../../shared/conversation/locate.ts';
import { EmptyState } from '../../shared/empty-state.tsx';

interface Props {
  readonly detail: ExchangeDetail;
  /** The finding that is looked at. */
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

/** Why there are no words to read. */
const NO_CONTENT: Readonly<Record<Exclude<ExchangeDetail['content'], 'kept'>, string>> = {
  open: 'The exchange goes on: its words are kept when it ends.',
  none: 'There was nothing in it that could be read.',
  metadata_only: 'The route keeps metadata alone.',
  erased: 'Its words were erased.',
  unreadable: 'What is kept of it could not be read.',
  altered: 'The ledger does not hold the content that its record names. It was altered: verify the ledger.',
};

/** What was said, with evidence in place where it may be seen. */
export function ItemContent({ detail, chosen, onChoose }: Props) {
  const { conversation, content, verdicts } = detail;
  const verdict = verdicts.at(-1);
  const located = useMemo(
    () => locate(conversation?.parts ?? [], { criteria: verdict?.criteria ?? [], rule_hits: verdict?.rule_hits ?? [] }),
    [conversation, verdict],
  );
  if (conversation !== null)
    return <Conversation conversation={conversation} located={located} chosen={chosen} onChoose={onChoose} />;
  return (
    <EmptyState title="No words to read">
      <Text size="sm">{content === 'kept' ? 'They could not be read.' : NO_CONTENT[content]}</Text>
      <Text size="sm">Label it invalid if that makes it undecidable.</Text>
    </EmptyState>
  );
}
