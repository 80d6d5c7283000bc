import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { rootRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

/** Where to go afterwards: an address of this console, so that no link can send people elsewhere from its sign-in. */
const search = z.strictObject({ next: z.string().regex(/^\/(?![/\\])/) });

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./page.tsx')),
});

export const firstPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/first-password',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./first-password-page.tsx')),
});
