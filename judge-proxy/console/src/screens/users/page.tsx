import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useAnswer } from '../../api/hooks.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { SecretOnce } from '../tokens/secret-once.tsx';
import { NewUserDialog } from './new-user-dialog.tsx';
import { UserTable } from './user-table.tsx';

export interface ShownPassword {
  readonly name: string;
  readonly password: string;
}

export default function UsersPage() {
  const users = useAnswer('list_users', {});
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState<ShownPassword | null>(null);
  return (
    <>
      <PageHeader title="Users" about="Who may sign in, and how far each reaches.">
        <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
          New user
        </Button>
      </PageHeader>
      <WhenRead of={users}>{(rows) => <UserTable rows={rows} onPassword={setShown} />}</WhenRead>
      {making && (
        <NewUserDialog
          onClose={() => setMaking(false)}
          onMade={(made) => {
            setMaking(false);
            setShown(made);
          }}
        />
      )}
      {shown !== null && (
        <SecretOnce title="First password" object={shown.name} secret={shown.password} onClose={() => setShown(null)}>
          It opens one thing alone: the page where {shown.name} chooses another one.
        </SecretOnce>
      )}
    </>
  );
}
