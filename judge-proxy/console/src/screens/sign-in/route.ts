import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { OIDC_REFUSALS } from '../../../../contract/sign-in.ts';
import { rootRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

/** Where to go afterwards: an address of this console, so that no link can send people elsewhere from its sign-in. */
const search = z.strictObject({ next: z.string().regex(/^\/(?![/\\])/) });
/** `refused`: the sign-in at the OpenID provider came to nothing. */
const signInSearch = search.extend({ refused: z.enum(OIDC_REFUSALS) });

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: searchOf(signInSearch),
  component: lazyRouteComponent(() => import('./page.tsx')),
});

export const firstPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/first-password',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./first-password-page.tsx')),
});
