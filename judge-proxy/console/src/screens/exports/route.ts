import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { exportQuery } from '../../../../contract/requests.ts';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

export const exportsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/exports',
  validateSearch: searchOf(exportQuery),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exports:read'),
});
