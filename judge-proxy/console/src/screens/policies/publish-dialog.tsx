import { Textarea } from '@mantine/core';
import { useState } from 'react';
import type { PolicyVersion } from '../../../../contract/responses.ts';
import { useAct } from '../../api/hooks.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';

interface Props {
  readonly judge: string;
  readonly draft: PolicyVersion;
  readonly inForce: PolicyVersion;
  readonly onClose: () => void;
  readonly onDone: (version: number) => void;
}

export function PublishDialog({ judge, draft, inForce, onClose, onDone }: Props) {
  const publish = useAct('publish_policy', {
    changes: ['list_policies', 'list_judges', 'read_policy', 'diff_policies'],
    onDone: ({ version }) => onDone(version),
  });
  return (
    <WithNote
      title="Publish policy"
      verb="Publish"
      object={judge}
      busy={publish.isPending}
      onClose={onClose}
      onConfirm={(note) => publish.mutate({ params: { judge }, body: { revision: draft.revision, note } })}
    >
      Draft {draft.version} takes the place of {inForce.version === 0 ? 'the file' : `version ${inForce.version}`}.
      Every exchange from now on is judged with it; no restart is needed.
    </WithNote>
  );
}

interface RollBackProps {
  readonly judge: string;
  readonly version: number;
  readonly inForce: number;
  readonly onClose: () => void;
}

export function RollBackDialog({ judge, version, inForce, onClose }: RollBackProps) {
  const rollBack = useAct('roll_back_policy', {
    changes: ['list_policies', 'list_judges', 'read_policy', 'diff_policies'],
    onDone: onClose,
  });
  return (
    <WithNote
      title="Roll back policy"
      verb="Roll back"
      object={judge}
      busy={rollBack.isPending}
      onClose={onClose}
      onConfirm={(note) => rollBack.mutate({ params: { judge }, body: { version, note } })}
    >
      The text of {version === 0 ? 'the file' : `version ${version}`} takes the place of{' '}
      {inForce === 0 ? 'the file' : `version ${inForce}`}, as a version of its own.
    </WithNote>
  );
}

interface WithNoteProps {
  readonly title: string;
  readonly verb: string;
  readonly object: string;
  readonly busy: boolean;
  readonly children: React.ReactNode;
  readonly onClose: () => void;
  readonly onConfirm: (note: string) => void;
}

/** A change of policy says why: whoever reads the audit later has nothing else. */
function WithNote({ children, onConfirm, ...dialog }: WithNoteProps) {
  const [note, setNote] = useState('');
  const [tried, setTried] = useState(false);
  const text = note.trim();
  return (
    <ConfirmDialog
      opened
      {...dialog}
      onConfirm={() => {
        setTried(true);
        if (text !== '') onConfirm(text);
      }}
    >
      {children}
      <Textarea
        mt="sm"
        label="Why"
        description="Stands in the audit"
        withAsterisk
        maxLength={2_000}
        autosize
        minRows={2}
        value={note}
        error={tried && text === '' && 'A reason is needed'}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </ConfirmDialog>
  );
}
