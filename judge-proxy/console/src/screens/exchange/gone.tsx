import { Paper, Text } from '@mantine/core';
import { IconEraser, IconFileOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ApiError } from '../../api/problem.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';

/** Instead of an exchange: that it was erased, when and by whom, or that the ledger knows none of this id. */
export function Gone({ id, problem }: { id: string; problem: ApiError }) {
  const mayAudit = useMay('audit:read');
  const erased = problem.code === 'erased';
  return (
    <>
      <PageHeader title={`Exchange ${id.slice(0, 8)}`} about={<TrafficText text={id} mono />} />
      <Paper role="alert">
        <EmptyState
          icon={erased ? IconEraser : IconFileOff}
          title={erased ? 'All of this exchange was erased' : 'There is no such exchange'}
        >
          <Text size="sm" c="var(--text)" mb={6}>
            <TrafficText text={problem.message} />
          </Text>
          {erased
            ? 'The hashes of its records stay in the chain, so that the ledger can still be verified.'
            : 'If it went with its client or by its age, the ledger has no record of its id either.'}{' '}
          {mayAudit && (
            <Link to="/audit" search={erased ? { object: id } : { action: 'erasure.' }}>
              {erased ? 'Its entries in the audit' : 'Erasures in the audit'}
            </Link>
          )}
        </EmptyState>
      </Paper>
    </>
  );
}

/** Of what an answer says that there is nothing any more: whatever was read before is not to be shown either. */
export function isGone(problem: ApiError): boolean {
  return problem.code === 'erased' || problem.code === 'not_found';
}
