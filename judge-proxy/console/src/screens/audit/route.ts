import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { auditQuery } from '../../../../contract/requests.ts';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

export const auditRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/audit',
  validateSearch: searchOf(auditQuery.omit({ cursor: true, limit: true })),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('audit:read'),
});
