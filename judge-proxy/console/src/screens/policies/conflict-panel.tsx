import { Alert, Button, Group, Text } from '@mantine/core';
import { IconGitMerge } from '@tabler/icons-react';
import { DiffView } from './diff-view.tsx';
import type { SavedDraft } from './draft-state.ts';

interface Props {
  readonly mine: string;
  readonly theirs: SavedDraft;
  readonly author: string | null;
  readonly onKeepMine: () => void;
  readonly onTakeTheirs: () => void;
}

/** Two editors saved different texts: both are shown, and nothing is overwritten before it is decided. */
export function ConflictPanel({ mine, theirs, author, onKeepMine, onTakeTheirs }: Props) {
  const who = author ?? 'Another editor';
  return (
    <Alert
      color="red"
      mb="md"
      role="alert"
      icon={<IconGitMerge />}
      title={
        theirs.revision === 0
          ? 'The draft is gone: it was published or discarded'
          : `${who} saved another draft meanwhile`
      }
    >
      <Text size="sm" mb="sm">
        Yours was not saved. Compare both, then decide; what you wrote stays in the editor until then.
      </Text>
      <DiffView before={theirs.yaml} after={mine} beforeName="Theirs" afterName="Yours" />
      <Group mt="sm" gap="xs">
        <Button size="xs" variant="default" onClick={onTakeTheirs}>
          Take theirs, drop mine
        </Button>
        <Button size="xs" onClick={onKeepMine}>
          Go on with mine
        </Button>
      </Group>
    </Alert>
  );
}
