import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const exportsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/exports',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exports:read'),
});
