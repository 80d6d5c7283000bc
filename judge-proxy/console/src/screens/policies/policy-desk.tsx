import { Button, Tabs, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconPencil, IconUpload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useReducer, useState } from 'react';
import type { PolicyCheck, PolicySummary, PolicyVersion } from '../../../../contract/responses.ts';
import { answerOptions, showFailure, useAct, useAnswer, useApi } from '../../api/hooks.ts';
import { ApiError } from '../../api/problem.ts';
import { useMay } from '../../app/session.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { counted } from '../../shared/format.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { Tag } from '../../shared/tag.tsx';
import { ReplayForm } from '../replays/replay-form.tsx';
import { ConflictPanel } from './conflict-panel.tsx';
import { DiffPanel } from './diff-panel.tsx';
import { isDirty, startDraft, stepDraft } from './draft-state.ts';
import { EditPanel } from './edit-panel.tsx';
import { PublishDialog } from './publish-dialog.tsx';
import type { PolicyTab } from './route.ts';
import { TryPanel } from './try-panel.tsx';
import { VersionsPanel } from './versions-panel.tsx';

interface Props {
  readonly judge: string;
  readonly inForce: PolicyVersion;
  readonly draft: PolicyVersion | null;
  readonly versions: readonly PolicySummary[];
}

/** Write, compare, try, replay, publish: the way of a draft from left to right. */
export function PolicyDesk({ judge, inForce, draft, versions }: Props) {
  const { tab = 'edit' } = useSearch({ from: '/signed-in/policies/$judge' });
  const navigate = useNavigate({ from: '/policies/$judge' });
  const mayWrite = useMay('policies:write');
  const mayReplay = useMay('replays:write');
  const api = useApi();
  const cache = useQueryClient();
  const schema = useAnswer('policy_schema', {});
  const saved = { yaml: draft?.yaml ?? inForce.yaml, revision: draft?.revision ?? 0 };
  const [state, send] = useReducer(stepDraft, saved, startDraft);
  const [checked, setChecked] = useState<PolicyCheck | null>(null);
  const [publishing, setPublishing] = useState(false);
  const dirty = isDirty(state);
  const { yaml, revision } = saved;
  useEffect(() => send({ kind: 'read', draft: { yaml, revision } }), [yaml, revision]);
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  const save = useAct('save_draft', {
    quiet: true,
    onDone: (made, given) => {
      cache.setQueryData(['read_policy', { params: { judge, version: made.version } }], made);
      send({ kind: 'saved', draft: { yaml: given.body.yaml ?? '', revision: made.revision } });
    },
    changes: ['list_policies'],
  });
  const readTheirs = async () => {
    // Whatever was read before the refusal is too old to explain it.
    const all = await cache.fetchQuery({ ...answerOptions(api, 'list_policies', {}), staleTime: 0 });
    const now = all.find((policy) => policy.judge === judge && policy.state === 'draft');
    if (now === undefined) return send({ kind: 'read', draft: { yaml: inForce.yaml, revision: 0 } });
    const text = await api.call('read_policy', { params: { judge, version: now.version } });
    cache.setQueryData(['read_policy', { params: { judge, version: text.version } }], text);
    return send({ kind: 'read', draft: { yaml: text.yaml, revision: text.revision } });
  };
  const onSave = () => {
    if (!mayWrite || save.isPending || state.theirs !== null || (!dirty && state.base.revision > 0)) return;
    save.mutate(
      { params: { judge }, body: { yaml: state.text, revision: state.base.revision } },
      {
        onError: (error) => {
          if (error instanceof ApiError && error.code === 'conflict') readTheirs().catch(showFailure);
          else showFailure(error);
        },
      },
    );
  };
  const policy = dirty
    ? { yaml: state.text }
    : draft === null
      ? { version: inForce.version }
      : ({ draft: true } as const);
  return (
    <>
      <PageHeader title={judge} about={<About inForce={inForce} draft={draft} />}>
        {dirty && <Tag tone="medium" icon={IconPencil} label="Not saved" />}
        {mayWrite && (
          <>
            <Button
              variant="default"
              leftSection={<IconCheck size={16} />}
              disabled={!dirty}
              loading={save.isPending}
              onClick={onSave}
            >
              Save draft
            </Button>
            <Button
              leftSection={<IconUpload size={16} />}
              disabled={draft === null || dirty || checked?.ok === false}
              onClick={() => setPublishing(true)}
            >
              Publish…
            </Button>
          </>
        )}
      </PageHeader>
      {state.theirs !== null && (
        <ConflictPanel
          mine={state.text}
          theirs={state.theirs}
          author={draft?.author ?? null}
          onKeepMine={() => send({ kind: 'kept_mine' })}
          onTakeTheirs={() => send({ kind: 'took_theirs' })}
        />
      )}
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => void navigate({ search: (was) => ({ ...was, tab: next as PolicyTab }), replace: true })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="edit">{mayWrite ? 'Edit' : 'Rubric'}</Tabs.Tab>
          <Tabs.Tab value="diff">Difference</Tabs.Tab>
          {mayReplay && <Tabs.Tab value="try">Try</Tabs.Tab>}
          {mayReplay && <Tabs.Tab value="replay">Replay</Tabs.Tab>}
          <Tabs.Tab value="versions">Versions</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="edit" keepMounted>
          <EditPanel
            text={state.text}
            readOnly={!mayWrite}
            schema={schema.data ?? null}
            checked={checked}
            onChange={(text) => send({ kind: 'wrote', text })}
            onChecked={setChecked}
            onSave={onSave}
          />
        </Tabs.Panel>
        <Tabs.Panel value="diff">
          <DiffPanel inForce={inForce} draft={draft} text={state.text} dirty={dirty} />
        </Tabs.Panel>
        <Tabs.Panel value="try">
          <TryPanel judge={judge} yaml={state.text} />
        </Tabs.Panel>
        <Tabs.Panel value="replay">
          <Text size="sm" mb="md">
            Recorded exchanges are judged again with the text of this page, by exactly what was recorded. Nothing about
            them changes: you see what would newly block or pass.
          </Text>
          <ReplayForm judge={judge} policy={policy} />
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <VersionsPanel judge={judge} inForce={inForce} versions={versions} />
        </Tabs.Panel>
      </Tabs>
      {publishing && draft !== null && (
        <PublishDialog
          judge={judge}
          draft={draft}
          inForce={inForce}
          onClose={() => setPublishing(false)}
          onDone={(version) => {
            setPublishing(false);
            notifications.show({
              title: 'In force',
              message: `${judge}: the next exchange is judged with version ${version}.`,
            });
          }}
        />
      )}
      <ConfirmDialog
        opened={leaving.status === 'blocked'}
        title="Leave without saving"
        object={`Draft of ${judge}`}
        verb="Leave"
        onConfirm={() => leaving.proceed?.()}
        onClose={() => leaving.reset?.()}
      >
        What you wrote since the last save is lost.
      </ConfirmDialog>
    </>
  );
}

function About({ inForce, draft }: { inForce: PolicyVersion; draft: PolicyVersion | null }) {
  const force = inForce.version === 0 ? 'The rubric of the file is in force' : `Version ${inForce.version} is in force`;
  if (draft === null) return `${force}; there is no draft.`;
  return `${force}; draft ${draft.version}, saved ${counted(draft.revision, 'time')}, last by ${draft.author}.`;
}
