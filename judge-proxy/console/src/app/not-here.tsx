import { IconLock, IconMapQuestion } from '@tabler/icons-react';
import type { Permission } from '../../../contract/roles.ts';
import { EmptyState } from '../shared/empty-state.tsx';

export function NotFound() {
  return (
    <EmptyState icon={IconMapQuestion} title="There is no such page">
      The address may be mistyped, or what it named is gone.
    </EmptyState>
  );
}

export function NotPermitted({ permission }: { permission: Permission }) {
  return (
    <EmptyState icon={IconLock} title="Your role does not reach here">
      This page needs the permission {permission}. An administrator can give you another role.
    </EmptyState>
  );
}
