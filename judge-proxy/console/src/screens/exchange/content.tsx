import { Paper } from '@mantine/core';
import { type Icon, IconAlertTriangle, IconClock, IconEraser, IconFileOff, IconListDetails } from '@tabler/icons-react';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import { Conversation } from '../../shared/conversation/conversation.tsx';
import type { Located } from '../../shared/conversation/locate.ts';
import { EmptyState } from '../../shared/empty-state.tsx';

interface Props {
  readonly detail: ExchangeDetail;
  readonly located: Located;
  readonly chosen: string | null;
  readonly onChoose: (id: string) => void;
}

interface Why {
  readonly icon: Icon;
  readonly title: string;
  readonly about: string;
}

const WHY_NOT: Readonly<Record<Exclude<ExchangeDetail['content'], 'kept'>, Why>> = {
  open: {
    icon: IconClock,
    title: 'The exchange goes on',
    about: 'What is said is kept when it ends. This page looks again by itself.',
  },
  none: {
    icon: IconFileOff,
    title: 'Nothing was kept',
    about: 'There was no content that could be read: see coverage for the reason.',
  },
  metadata_only: {
    icon: IconListDetails,
    title: 'Metadata only',
    about: 'The route keeps no words of its exchanges. Rules read them when they passed; no model did.',
  },
  erased: {
    icon: IconEraser,
    title: 'The words were erased',
    about:
      'Their hash stays in the chain, so that the ledger can still be verified. The audit log says who erased them and when.',
  },
  unreadable: {
    icon: IconFileOff,
    title: 'The content cannot be read',
    about: 'It is as it was recorded, but not in a form that this version understands. Another version may show it.',
  },
  altered: {
    icon: IconAlertTriangle,
    title: 'This is not what was recorded',
    about:
      'The content in the ledger does not have the hash that its record names: somebody changed it. It is not shown. Run npm run verify.',
  },
};

/** The conversation, or why there is none. */
export function Content({ detail, located, chosen, onChoose }: Props) {
  if (detail.content === 'kept' && detail.conversation !== null) {
    return <Conversation conversation={detail.conversation} located={located} chosen={chosen} onChoose={onChoose} />;
  }
  const { icon, title, about } = WHY_NOT[detail.content === 'kept' ? 'none' : detail.content];
  return (
    <Paper>
      <EmptyState icon={icon} title={title}>
        {about}
      </EmptyState>
    </Paper>
  );
}
