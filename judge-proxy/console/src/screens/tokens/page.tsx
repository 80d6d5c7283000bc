import { Button } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { NewTokenDialog } from './new-token-dialog.tsx';
import { SecretOnce } from './secret-once.tsx';
import { TokenTable } from './token-table.tsx';

export interface ShownSecret {
  readonly title: string;
  readonly name: string;
  readonly token: string;
}

/** Own tokens, or those of everybody for whoever may change them. */
export default function TokensPage() {
  const all = useMay('tokens:write');
  const tokens = useAnswer('list_tokens', {});
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<ShownSecret | null>(null);
  return (
    <>
      <PageHeader
        title="Tokens"
        about={
          all ? 'For programs. All users’ tokens are shown.' : 'For programs of yours. They reach no further than you.'
        }
      >
        <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
          New token
        </Button>
      </PageHeader>
      <WhenRead of={tokens}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="No tokens" icon={IconKey}>
              A token lets a program use the API without a password: for a dashboard, a scraper of metrics or an export.
            </EmptyState>
          ) : (
            <TokenTable rows={rows} withMaker={all} onSecret={setSecret} />
          )
        }
      </WhenRead>
      {making && (
        <NewTokenDialog
          onClose={() => setMaking(false)}
          onMade={(made) => {
            setMaking(false);
            setSecret(made);
          }}
        />
      )}
      {secret !== null && (
        <SecretOnce
          title={secret.title}
          object={secret.name}
          secret={secret.token}
          // The secret leaves the page's memory with the dialog.
          onClose={() => setSecret(null)}
        >
          Send it as authorization: Bearer.
        </SecretOnce>
      )}
    </>
  );
}
