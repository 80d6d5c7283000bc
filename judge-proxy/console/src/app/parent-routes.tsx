/** The routes that all screens hang from: the root, and what only those who are signed in see. */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  type ErrorComponentProps,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { Me } from '../../../contract/responses.ts';
import type { Permission } from '../../../contract/roles.ts';
import type { Api } from '../api/client.ts';
import { ErrorState } from '../shared/error-state.tsx';
import { NotFound, NotPermitted } from './not-here.tsx';
import { whoAmI } from './session.ts';
import { Shell } from './shell/shell.tsx';

export interface RouterContext {
  readonly api: Api;
  readonly queryClient: QueryClient;
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
});

/** Everything but the sign-in. Its context holds who is signed in. */
export const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  component: Shell,
  beforeLoad: async ({ context, location }): Promise<{ me: Me }> => {
    const me = await whoAmI(context);
    if (me === null) throw redirect({ to: '/sign-in', search: { next: location.href } });
    if (me.must_change_password) throw redirect({ to: '/first-password', search: { next: location.href } });
    return { me };
  },
});

/** Thrown where the role of the user does not reach. */
class PermissionError extends Error {
  readonly permission: Permission;
  constructor(permission: Permission) {
    super(permission);
    this.permission = permission;
  }
}

/** Options of a route for which a permission is needed: `createRoute({ …, ...needs('audit:read') })`. */
export function needs(permission: Permission) {
  return {
    beforeLoad: ({ context }: { context: { me: Me } }) => {
      if (!context.me.permissions.includes(permission)) throw new PermissionError(permission);
    },
    errorComponent: ({ error, reset }: ErrorComponentProps) =>
      error instanceof PermissionError ? (
        <NotPermitted permission={error.permission} />
      ) : (
        <ErrorState error={error} onRetry={reset} />
      ),
  };
}
